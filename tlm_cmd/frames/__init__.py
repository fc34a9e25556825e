"""Transfer frames and what they carry: TM, AOS and TC frames, CLCW, packets into frames and out, whose turn it is.

The standards are CCSDS 132.0-B-3 (TM), 732.0-B-4 (AOS) and 232.0-B-4 (TC).
"""
