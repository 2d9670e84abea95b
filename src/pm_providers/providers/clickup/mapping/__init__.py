"""Documents of the API to records and back. Pure."""
