"""What a dataset promises by its own history: learned from its versions and from folders of files."""
