"""The deletion certification harness: drives any implementation of Portable Memory as a black box and judges it.

Nothing here knows Satchel's own vault, formats or adapters: the harness holds for every host alike. The protocol is in
docs/certify.md; the cases are those of the dossier's sections 8 and 11.
"""
