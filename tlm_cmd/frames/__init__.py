"""Transfer frames and what they carry: TC and TM frames, CLCW, packets into frames and out of them."""
