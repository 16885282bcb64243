"""The loss ledger as a document: written while records pass, signed, read again, checked.

document    what is in it: types, and the JSON Schema made from them
writing     one under way: a line a record, in bounded memory, beside its place and renamed
reading     the head, the records one by one, and what its signature is worth
digests     what binds it to the files that were read and written
"""
