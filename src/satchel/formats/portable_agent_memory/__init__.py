"""Portable Agent Memory: artifacts (``.pam``, ``.pam.cbor``) in every shape that there is of them.

Section numbers in this package are those of the project's dossier on the format.
"""
