"""What makes pages of the chapters, for tour.py and website.py. No chapter imports it.

Read in this order: chapters (a chapter as cells and paragraphs), names, code and copy (its code as the page shows it,
and as it is copied), text (its words as HTML), frame (what stands around them, from the files of parts/), page (all of
the guide in one file), index (search and links of the site).
"""
