"""Ways in for people and programs. They parse, call and show; nothing else."""
