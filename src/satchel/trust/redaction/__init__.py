"""Taking personal data and secrets out of what leaves, and getting it back with a key (portable-agent-memory.md 7).

folding, layer_one, layer_more, credentials    what is looked for, each in linear time
detect, redactor                               finding it in texts and JSON values, and putting tokens in its place
tokens                                         what stands there instead, and how a text is recovered
entries                                        redacted entries of Portable Agent Memory, and the redaction boundary
store, recovery                                what the tokens stand for, encrypted; who may read it
presidio                                       an optional second layer, which knows names
"""
