"""How the shipped pictures and network were made; nothing imports this at run time."""
