"""Capability tokens of Portable Agent Memory (dossier 5): who may do what, with which items, until when.

scopes        which items; when one scope lies within another
tokens        the three spellings, read strictly
issuing       making and signing them
validation    whether one holds, and what is said where it does not
"""
