"""How the package says things: the language that was chosen, names made fit to be shown, terminals, fonts."""
