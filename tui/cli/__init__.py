"""All that runs without a screen; imports no Textual."""
