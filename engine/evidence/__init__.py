"""From attributions to figures: statistics with errors, and the record that is drawn."""
