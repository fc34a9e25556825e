"""Transfer frames and what they carry: TM, AOS and TC frames, CLCW, packets into frames and out, whose turn it is."""
