"""Tables as bytes: headers in any delimiter, records with their exact extent, the cells that a spreadsheet meant."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.adapters.copilot.table import header_in, header_of, read_header, records, split, stays_open
from satchel.errors import MalformedInput, Place
from satchel.limits import DEFAULT, Limits

HEADER = "Conversation,Time,Author,Message"


def cut(data: bytes, limits: Limits = DEFAULT) -> list[bytes]:
    return [element.data for element in records(io.BytesIO(data), ",", 0, "t.csv", limits)]


@pytest.mark.parametrize(
    ("line", "version"),
    [
        (HEADER, "csv-activity"),
        ("\ufeffConversation;Time;Author;Message\r", "csv-activity"),
        ('"Conversation"\t"Time"\t"Author"\t"Message"', "csv-activity"),
        ("message,author,time,conversation,extra", "csv-activity"),
        ("CreatedAt,MessageContent,Author,ChatName", "csv-chat"),
        ("Created At, Message Content, Author, Chat Name", "csv-chat"),
        ("Timestamp,ClientApp,Prompt", "csv-windows-apps"),
        ("Time,Author,Message", None),
        ("Conversation", None),
        ("a,b", None),
        ("", None),
    ],
)
def test_headers(line: str, version: str | None) -> None:
    """PAM-240: the layout by the header row."""
    found = header_of(line)
    assert (found.layout.version if found else None) == version


def test_a_separator_line_and_blank_lines_stand_before_the_header() -> None:
    text = "sep=;\r\n\r\nConversation;Time;Author;Message\r\na;b;c;d\r\n"
    assert header_in(text) == header_of("Conversation;Time;Author;Message")
    stream = io.BytesIO(text.encode())
    header, before = read_header(stream, Place())
    assert (header.delimiter, before + stream.read()) == (";", text.encode())


def test_no_header_is_an_error() -> None:
    for data in (b"", b"\n\n", b"a,b\n1,2\n", b"x" * 200_000):
        with pytest.raises(MalformedInput):
            read_header(io.BytesIO(data), Place())


CELL = st.text(alphabet=st.sampled_from('ab,;"\n\r é\u2028'), max_size=8)


@given(st.lists(st.lists(CELL, min_size=4, max_size=4), min_size=1, max_size=6))
def test_what_the_standard_library_writes_reads_back(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    data = text.getvalue().encode()
    found = cut(data)
    assert b"".join(found) == data
    assert [split(record.decode().removesuffix("\r\n"), ",") for record in found] == rows


@given(st.binary(max_size=60))
def test_every_byte_is_in_one_record(data: bytes) -> None:
    assert b"".join(cut(data)) == data


def test_stray_quotes_and_carriage_returns_are_characters() -> None:
    assert split('a,5" disk,"x""y"z', ",") == ["a", '5" disk', 'x"yz']
    assert cut(b'a,5" disk\nb,c\n') == [b'a,5" disk\n', b"b,c\n"]
    assert cut(b"a,b\rc\nd\n") == [b"a,b\rc\n", b"d\n"]


def test_an_open_quote_takes_the_rest() -> None:
    data = b'a,"b\nc,d\n'
    assert cut(data) == [data]
    assert stays_open(data, ",")
    assert split('a,"b\nc,d', ",") == ["a", "b\nc,d"]


def test_a_record_past_the_limit_is_told_and_the_next_is_read() -> None:
    data = b"a,b\n" + b"x" * 100 + b'\n"' + b"y\n" * 60 + b"c,d\n"
    found = list(records(io.BytesIO(data), ",", 0, "t.csv", Limits(element_bytes=50)))
    assert [element.fault is None for element in found][:2] == [True, False]
    assert found[-1].data == b"c,d\n"
    assert [element.offset for element in found][:2] == [0, 4]


def test_surplus_cells_belong_to_the_text() -> None:
    row = header_of(HEADER)
    assert row is not None
    assert row.row("a,b,c,one,two, three").text == "one,two, three"
    assert row.row("a,b,c,d,,").text == "d"
    assert row.row("a,b").text is None
    chat = header_of("CreatedAt,MessageContent,Author,ChatName")
    assert chat is not None
    assert chat.row("t,one,two,user,Chat") == ("Chat", "t", "user", "one,two", "")
