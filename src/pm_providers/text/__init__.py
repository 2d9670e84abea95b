"""Rich text of all vendors as one tree; knows no vendor. Markdown in and out."""
