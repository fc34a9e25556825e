"""The diary: writes down what time it is."""
