"""The groups of the command line: each module registers its commands and runs them."""
