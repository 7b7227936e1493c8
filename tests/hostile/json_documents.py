"""Documents in the manner of the JSON test suites, and what becomes of each.

``y`` has to be taken, and gives this value; ``n`` has to be refused. RFC 8259 leaves open what is
marked ``i``; the log decides, so that what it takes is what every reader gets back.
"""

from __future__ import annotations

from typing import Any

DEEP = 100
"""Levels of nesting that data may have."""


def _nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


TAKEN: dict[str, tuple[bytes, Any]] = {
    "y empty object": (b"{}", {}),
    "y empty name": (b'{"":0}', {"": 0}),
    "y white space": (b' \t\r { "a" \t: [ ] \r } \t\r', {"a": []}),
    "y null": (b'{"a":null}', {"a": None}),
    "y true and false": (b'{"a":[true,false]}', {"a": [True, False]}),
    "y empty string": (b'{"a":""}', {"a": ""}),
    "y all escapes": (rb'{"a":"\"\\\/\b\f\n\r\t"}', {"a": '"\\/\b\f\n\r\t'}),
    "y escaped NUL": (rb'{"a":"\u0000"}', {"a": "\0"}),
    "y escaped DEL and C1": (rb'{"a":"\u007f\u0085"}', {"a": "\x7f\x85"}),
    "y raw DEL": (b'{"a":"\x7f"}', {"a": "\x7f"}),
    "y raw line separators": ('{"a":"\u2028\u2029"}'.encode(), {"a": "\u2028\u2029"}),
    "y a surrogate pair": (rb'{"a":"\ud83d\ude00"}', {"a": "\U0001f600"}),
    "y the last code point": ('{"a":"\U0010ffff"}'.encode(), {"a": "\U0010ffff"}),
    "y noncharacters": (rb'{"a":"\uffff\ufffe\ufdd0"}', {"a": "\uffff\ufffe\ufdd0"}),
    "y a BOM inside of a text": ('{"a":"\ufeff"}'.encode(), {"a": "\ufeff"}),
    "y escaped name": (rb'{"\u0061":0}', {"a": 0}),
    "y names that differ by case": (b'{"a":0,"A":1}', {"a": 0, "A": 1}),
    "y names that differ by form": ('{"\u00e9":0,"e\u0301":1}'.encode(), {"\u00e9": 0, "e\u0301": 1}),
    "y the same name at two levels": (b'{"a":{"a":0}}', {"a": {"a": 0}}),
    "y a text like a key": (rb'{"a":"\"a\":1"}', {"a": '"a":1'}),
    "y minus zero": (b'{"a":-0.0}', {"a": -0.0}),
    "y largest unsigned": (b'{"a":18446744073709551615}', {"a": 2**64 - 1}),
    "y smallest signed": (b'{"a":-9223372036854775808}', {"a": -(2**63)}),
    "y exponents": (b'{"a":[1e2,1E+2,1e-2,1.5e0]}', {"a": [100.0, 100.0, 0.01, 1.5]}),
    "y largest double": (b'{"a":1.7976931348623157e308}', {"a": 1.7976931348623157e308}),
    "y smallest double": (b'{"a":5e-324}', {"a": 5e-324}),
    "i a number below all doubles": (b'{"a":1e-400}', {"a": 0.0}),
    "i more digits than a double has": (b'{"a":0.10000000000000000000001}', {"a": 0.1}),
    "y nesting at the limit": (b'{"a":' + b"[" * 99 + b"0" + b"]" * 99 + b"}", {"a": _nested(99)}),
    "y a thousand names": (
        b"{" + b",".join(b'"%d":0' % n for n in range(1000)) + b"}",
        {str(n): 0 for n in range(1000)},
    ),
}  # fmt: skip

REFUSED: dict[str, bytes] = {
    "n nothing but a name": b"{a}",
    "n not closed": b'{"a":1',
    "n closed twice": b'{"a":1}}',
    "n two objects": b'{"a":1}{"a":1}',
    "n trailing comma": b'{"a":1,}',
    "n leading comma": b'{,"a":1}',
    "n two commas": b'{"a":1,,"b":2}',
    "n no colon": b'{"a" 1}',
    "n two colons": b'{"a"::1}',
    "n no value": b'{"a":}',
    "n single quotes": b"{'a':1}",
    "n name without quotes": b"{a:1}",
    "n number as name": b"{1:1}",
    "n null as name": b"{null:1}",
    "n comment": b'{"a":1/*x*/}',
    "n comment behind": b'{"a":1}//x',
    "n hash behind": b'{"a":1}#',
    "n capital True": b'{"a":True}',
    "n half of true": b'{"a":tru}',
    "n NaN": b'{"a":NaN}',
    "n nan": b'{"a":nan}',
    "n Infinity": b'{"a":Infinity}',
    "n -Infinity": b'{"a":-Infinity}',
    "n plus sign": b'{"a":+1}',
    "n leading zero": b'{"a":01}',
    "n minus alone": b'{"a":-}',
    "n two minuses": b'{"a":--1}',
    "n point without digits": b'{"a":1.}',
    "n point without an integer": b'{"a":.5}',
    "n exponent without digits": b'{"a":1e}',
    "n hexadecimal": b'{"a":0x1}',
    "n digits of another script": '{"a":\u0967}'.encode(),
    "n thin space": '{"a":\u20091}'.encode(),
    "n no-break space": b'{"a":\xc2\xa01}',
    "n form feed": b'{"a":\x0c1}',
    "n raw line feed's escape cut": b'{"a":"\\u00"}',
    "n escape of nothing": rb'{"a":"\x41"}',
    "n escape of a quote cut": b'{"a":"\\"}',
    "n raw tab in a text": b'{"a":"\t"}',
    "n raw ESC in a text": b'{"a":"\x1b"}',
    "n unfinished text": b'{"a":"b}',
    "n a BOM twice": b'\xef\xbb\xbf\xef\xbb\xbf{"a":1}',
    "n a BOM behind": b'{"a":1}\xef\xbb\xbf',
    "i top level array": b'[{"a":1}]',
    "i top level text": b'"a"',
    "i top level number": b"1",
    "i top level null": b"null",
    "i the same name twice": b'{"a":1,"a":1}',
    "i the same name twice by escape": rb'{"a":1,"\u0061":1}',
    "i the same name twice inside": b'{"b":[{"a":1,"a":2}]}',
    "i an integer above 64 bits": b'{"a":18446744073709551616}',
    "i an integer below 64 bits": b'{"a":-9223372036854775809}',
    "i a number above all doubles": b'{"a":1e400}',
    "i a very large integer": b'{"a":' + b"9" * 400 + b"}",
    "i half of a pair": rb'{"a":"\ud83d"}',
    "i the other half": rb'{"a":"\ude00"}',
    "i a pair turned around": rb'{"a":"\ude00\ud83d"}',
    "i half of a pair as name": rb'{"\ud83d":1}',
    "i UTF-8 of half a pair": b'{"a":"\xed\xa0\xbd"}',
    "i UTF-8 that is too long": b'{"a":"\xc0\xaf"}',
    "i UTF-8 beyond Unicode": b'{"a":"\xf4\x90\x80\x80"}',
    "i UTF-8 that is cut": b'{"a":"\xe2\x82"}',
    "i a lone continuation": b'{"a":"\x80"}',
    "i Latin-1": b'{"a":"\xe9"}',
    "i bad UTF-8 in a name": b'{"\xff":1}',
    "i nesting beyond the limit": b'{"a":' + b"[" * 100 + b"]" * 100 + b"}",
    "i objects beyond the limit": b'{"a":' * 101 + b"1" + b"}" * 101,
    "i nesting of 100,000": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "i nesting of 100,000, not closed": b'{"a":' * 100_000,
}

NUL = {
    "n raw NUL in a text": b'{"a":"\0"}',
    "n raw NUL behind": b'{"a":1}\0',
    "n raw NUL before": b'\0{"a":1}',
    "n raw NUL in a name": b'{"\0":1}',
}
"""Refused, too; no argument of a command can hold them."""
