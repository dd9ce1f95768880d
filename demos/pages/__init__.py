"""What turns the chapters into pages, for tour.py and website.py; nothing here is computed anew for a reader.

Read in this order: chapters (a chapter as cells and paragraphs), names, code and copy (its code as the page shows it,
and as it is copied), text (its words as HTML), page (all of it in one file), index (search and links of the site).
In frame/ lies what stands around the text: HTML, CSS and scripts.
"""
