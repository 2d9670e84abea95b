"""Pure translation between the vendor's HAL documents and our records. No I/O, no state."""
