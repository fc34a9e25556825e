"""Who chooses what the board works on: planners that propose, to a guard that admits or refuses."""
