"""What the screens know of the work; imports no Textual."""
