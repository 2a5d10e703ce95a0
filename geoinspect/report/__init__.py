"""Numbers and files for people outside the program."""
