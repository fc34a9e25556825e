"""The files that cameras, processors and the ground exchange: images and what was seen in them."""
