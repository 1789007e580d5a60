# SPDX-License-Identifier: ISC
"""Texts that are JSON and texts that are not, by the rule of RFC 8259 or
RFC 3629 that each is about.  Bytes, because not all of them are text."""

# Scalars: each is put into every place that a value can have.
NUMBERS = rb"""
0 -0 1 -1 9 10 -10 123 0.0 -0.0 0.5 1.0 1.10 1.50 -1.5 100.001 1e0 1E0 1e5
1E5 1e+5 1E+5 1e-5 1E-5 1e05 1e00 0e0 0E+0 -0e-0 -0E1 1.5e3 1.50E-003
-1.5e+10 0.1e1 1e400 -1e400 1e-400 123e-10000000 9007199254740991
9007199254740993 999999999999999999 -999999999999999999 9223372036854775807
9223372036854775808 -9223372036854775808 -9223372036854775809
18446744073709551615 18446744073709551616 -18446744073709551615
28446744073709551615 98446744073709551615 118446744073709551615
10000000000000000000 100000000000000000000 -99999999999999999999
123456789012345678901234567890 0.1234567890123456789012345678901234567890
18446744073709551616.0 18446744073709551616e0
""".split()

NO_NUMBERS = rb"""
- + +1 +0 -+1 --1 ++1 00 01 -01 -00 007 00.5 -00.5 .5 -.5 +.5 . -. 1. -1. 0.
1.. 1..5 1.5. 1.5.5 .e1 1.e 1.e5 0.e1 1e 1E 1e+ 1e- 1E+ 1e+- 1e+-1 1e-+1
1e++1 1e1.5 1e.5 1ee1 1e1e1 1eE1 e1 E1 -e1 0x0 0x1F -0x1 0b1 0o7 1_000 1f 1L
1n 1d 1a 1- 1+ 1-1 1+1 1/2 1e5- $1 0-0 1.5e 0.0.0 1.a 1ea -a -- -" 1" 1'
-Inf +Infinity +NaN -NaN
""".split() + [
    b"- 1", b"-\n1", b"1 000", b"1 .5", b"1. 5", b"1 e5", b"1e 5", b"1,000.5.",
    "１".encode(), "1١".encode(), "−1".encode(), "∞".encode(), "½".encode(),
]

STRINGS = [
    rb'""', rb'" "', rb'"a"', rb'"/"', rb'"\/"', rb'"\\"', rb'"\""',
    rb'"\\\""', rb'"\\\\"', rb'"\b\f\n\r\t"', rb'"a\\"', rb'"\\u0041"',
    rb'"\\\u0041"', rb'"\u0041"', rb'"\u00e9\u00E9"', rb'"\uABCD\uabcd"',
    rb'"\uFFFF"', rb'"\ufffe"', rb'"\ufffd"', rb'"\u0001\u001f\u007f"',
    rb'"\u0080\u07ff\u0800"', rb'"\ud7ff\ue000"', rb'"\ufeff"',
    rb'"\u2028\u2029"', rb'"\ud800\udc00"', rb'"\uD83D\uDE00"',
    rb'"\udbff\udfff"', rb'"\ud83d\ude00\ud83d\ude00"', b'"\x7f"',
    b'"\'"', b'"{}[],:"', b'"//"', b'"/**/"', b'"#"', b'"null"',
    '"é"'.encode(), '"日本"'.encode(), '"😀"'.encode(), '"é😀a日"'.encode(),
    '"\x80\x9f\xa0"'.encode(), '"\u07ff\u0800"'.encode(),
    '"\ud7ff\ue000\ufffd\uffff"'.encode(), '"\U00010000"'.encode(),
    '"\U0010ffff"'.encode(), '"\ufeff"'.encode(), '"\u2028"'.encode(),
    b'"' + b"a" * 300 + b'"', '"{}"'.format("é" * 200).encode(),
    # No text: a NUL, or half a character.
    rb'"\u0000"', rb'"a\u0000"', rb'"\u0000a"', rb'"\u0000\u0000"',
    rb'"\ud800"', rb'"\uDFFF"', rb'"\udbff"', rb'"\udc00"', rb'"\ud800a"',
    rb'"a\ud800"', rb'"\ud800\n"', rb'"\ud800\\"', rb'"\ud800\""',
    rb'"\ud800\u0041"', rb'"\ud800\ud800"', rb'"\ud800\ud800\udc00"',
    rb'"\ud800\udc00\udc00"', rb'"\udc00\ud800"', rb'"\ud800\u0000"',
    rb'"\u0000\udc00"', rb'"\ud800\ue000"', rb'"\ud800\\udc00"',
    '"\\ud800é"'.encode(), '"\\ud83d😀\\ude00"'.encode(),
]

NO_STRINGS = [
    b'"', b"'a'", b"''", b'"a', b'a"', b'"a""', b'"a"b"', b'"a" b', b'"\\"',
    b'"\\', b'"\\\\\\"', rb'"\a"', rb'"\x41"', rb'"\v"', rb'"\0"', rb'"\1"',
    rb'"\e"', rb'"\'"', rb'"\ "', rb'"\U0041"', rb'"\N"', rb'"\B"', rb'"\u"',
    rb'"\u0"', rb'"\u00"', rb'"\u004"', rb'"\u004g"', rb'"\ug041"',
    rb'"\u 041"', rb'"\u+041"', rb'"\u-041"', rb'"\u0x41"', rb'"\u{41}"',
    rb'"\u004', rb'"\ud83d\u"', rb'"\ud83d\ude0"', rb'"\ud83d\x"',
    rb'"\ud83d\ude0g"', b'"\\\n"', b'"\\\r\n"', b'"\\\x00"', b'"\\\xff"',
    '"\\é"'.encode(), '"\\u004１"'.encode(), b"\\u0022a\\u0022", b"`a`",
    "“a”".encode(), b'"\n"', b'"a\nb"', b'"\r"', b'"\t"', b'"\x00"',
    b'"a\x00"', b'"\x01"', b'"\x08"', b'"\x0b"', b'"\x1b[0m"', b'"\x1f"',
]

NO_UTF_8 = [
    # Continuations alone, and sequences that are cut.
    b"\x80", b"\xbf", b"\x80\xbf", b"\xc2", b"\xdf", b"\xe0", b"\xef",
    b"\xf0", b"\xf4", b"\xe0\xa0", b"\xe2\x82", b"\xef\xbf", b"\xf0\x90",
    b"\xf0\x90\x80", b"\xf0\x9f\x98", b"\xf4\x8f\xbf", b"\xc3\x28",
    b"\xe2\x28\xa1", b"\xe2\x82\x28", b"\xf0\x28\x8c\xbc",
    b"\xf0\x90\x28\xbc", b"\xf0\x9f\x98a", b"\xc3\xc3\xa9", b"\xe2\xc3\xa9",
    b"\xc3\xa9\xa9", b"a\xe9b", b"caf\xe9", b"\xc3\xa9\xff", b"\xa9\xc3",
    # Overlong.
    b"\xc0\x80", b"\xc0\xaf", b"\xc0\xbf", b"\xc1\x81", b"\xc1\xbf",
    b"\xe0\x80\x80", b"\xe0\x80\xaf", b"\xe0\x81\x81", b"\xe0\x9f\xbf",
    b"\xf0\x80\x80\x80", b"\xf0\x80\x80\xaf", b"\xf0\x82\x82\xac",
    b"\xf0\x8f\xbf\xbf", b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf",
    # Surrogates, alone and in pairs.
    b"\xed\xa0\x80", b"\xed\xaf\xbf", b"\xed\xb0\x80", b"\xed\xbf\xbf",
    b"\xed\xa0\xbd\xed\xb8\x80", b"\xed\xad\xbf", b"\xed\xa0", b"\xed",
    # Past U+10FFFF, and bytes that never are.
    b"\xf4\x90\x80\x80", b"\xf4\xbf\xbf\xbf", b"\xf5\x80\x80\x80",
    b"\xf7\xbf\xbf\xbf", b"\xf8\x88\x80\x80\x80", b"\xfb\xbf\xbf\xbf\xbf",
    b"\xfc\x84\x80\x80\x80\x80", b"\xfe", b"\xff", b"\xfe\xff", b"\xff\xfe",
]

WORDS = [b"true", b"false", b"null"]
# What Python writes, and is taken beyond the letter.
PYTHON = [b"NaN", b"Infinity", b"-Infinity"]
NO_WORDS = rb"""
True False None TRUE FALSE NULL Null tRUE nULL t tr tru truee f fals falsee n
nul nulll truefalse nullnull true1 1true true" nan NAN Nan naN NaNa infinity
INFINITY Inf inf Infinit Infinityy -infinity -Infinit -Infinityx undefined
yes no on off a abc x _ $ @ * ? ! ~ % & ( ) ; = < > | ^ ` \ / // /**/ # ' :
, ] } nil NA N/A TruE fAlse I N -I -N 1NaN NaN1 InfinityNaN
""".split() + [b"tr ue", b"n ull", b"nul\x00", b"- Infinity", b"\\n",
               b"\x00", b"\x01", b"\x1a", b"\x7f", "é".encode()]

STRUCTURES = [
    b"[]", b"{}", b"[ ]", b"{ }", b"[\n]", b"{\t}", b"[[]]", b"[{}]",
    b'{"a":{}}', b'{"a":[]}', b"[1]", b"[1,2]", b"[1,[2,[3]]]", b"[[],[]]",
    b"[[],{},0]", b'{"a":1}', b'{"a":1,"b":2}', b'{"a":{"b":{"c":3}}}',
    b'{"a":[{"b":[1,{"c":null}]}]}', b'[{"a":1},{"a":2}]', b'{"":0}',
    b'{"":{"":{"":1}}}', b'{" ":1}', b'{"a b":1}', b'{"0":1,"00":2,"-":3}',
    b'{"a":1,"a":2}', b'{"a":1,"b":2,"a":3}', b'{"a":{"x":1},"a":{"y":2}}',
    b'{"a":[1],"a":[]}', b'{"a":"x","\\u0061":"y"}', b'{"a":null,"a":0}',
    b'{"a/b":1,"a~b":2,"~1":3,"~0":4,"~":5,"/":6,"//":7}',
    b'{"a~1b":1,"a/b":2,"a~01b":3}', b'{"\\"":1,"\\\\":2,"\\/":3}',
    b'{"\'":1}', b'{"{":"}","[":"]",":":","}', b'{"null":null,"true":true}',
    b'{"\\n":1,"\\t":2}', b'{"\x7f":1}', '{"é":1,"\\u00e9":2}'.encode(),
    '{"😀":1,"\\ud83d\\ude00":2}'.encode(), b'{"-0":-0,"1.10":1.10}',
    # Keys that no pointer can hold, and their neighbours.
    rb'{"\u0000":1}', rb'{"a\u0000":1}', rb'{"a\u0000b":1}',
    rb'{"a":1,"a\u0000":2}', rb'{"a\u0000":2,"a":1}',
    rb'{"a\u0000b":1,"a\u0000c":2,"a":3}', rb'{"":1,"\u0000":2}',
    rb'{"\u0000":1,"\u0000\u0000":2,"":3}', rb'{"a\u0000":{"b":1},"a":2}',
    rb'{"a":{"b\u0000":1,"b":2},"a\u0000":{"b":3}}',
    rb'{"\ud800":1}', '{"\\ud800":1,"\ufffd":2}'.encode(),
    '{"\ufffd":2,"\\ud800":1,"\\udc00":3}'.encode(),
    '{"\ufffd\ufffd":1,"\\udc00\\ud800":2}'.encode(),
    rb'{"\ud800":1,"\uD800":2,"\ud801":3}',
    '{"\\ud83d":1,"\\ude00":2,"😀":3}'.encode(),
    rb'{"\ud800\u0000":1,"\ud800":2}', rb'{"a\ud800":1,"a":2}',
    # Blanks of every kind in every place.
    b" []", b"[] ", b"\t[]\n", b"\r\n[\r\n]\r\n", b" { \"a\" : 1 } ",
    b'\n{\n"a"\n:\n1\n,\n"b"\n:\n[\n1\n,\n2\n]\n}\n',
    b'\t{\t"a"\t:\t[\t1\t,\t2\t]\t}\t', b'\r{\r"a"\r:\r1\r}\r',
    b" " * 1000 + b"[]" + b"\n" * 1000,
    # One byte order mark.
    b"\xef\xbb\xbf[]", b"\xef\xbb\xbf \n{}", b"\xef\xbb\xbf1",
    b'\xef\xbb\xbf{"a":-0}', b'["\xef\xbb\xbf"]', b'{"\xef\xbb\xbf":1}',
    # Depth.
    b"[" * 63 + b"]" * 63, b"[" * 64 + b"]" * 64, b"[" * 64 + b"1" + b"]" * 64,
    b'{"a":' * 64 + b"1" + b"}" * 64, b'[{"a":' * 32 + b"-0" + b"}]" * 32,
    b"[[]," * 63 + b"0" + b"]" * 63,
    b"[" + b",".join([b"[[[]]]"] * 100) + b"]",
    # Long ones.
    b"[" + b",".join(b"%d" % i for i in range(500)) + b"]",
    b"{" + b",".join(b'"k%d":%d' % (i, i) for i in range(200)) + b"}",
]

NO_STRUCTURES = [
    b"", b" ", b"\n", b"\t\r\n ", b"\xef\xbb\xbf", b"\xef\xbb\xbf ",
    # Ends that are missing, of another kind, or too many.
    b"[", b"{", b"]", b"}", b"[[]", b"{{}", b"[]]", b"{}}", b"[}", b"{]",
    b"[1", b"[1,", b"[1}", b'{"a":1', b'{"a":1]', b'{"a":[}', b'{"a":[1}]',
    b"[{]}", b"[{]", b'[{"a":1]', b'{"a":{]', b'{"a"', b'{"a":', b'{"a":1,',
    b'{"a":1,"b"', b"[[[[", b"]]]]", b"[][", b"{}{", b'"a"]', b"1]", b"1}",
    # Commas.
    b",", b"[,]", b"[,1]", b"[1,]", b"[1,,2]", b"[1,2,]", b"[1,2,,]",
    b"[ , ]", b"[[],]", b"[1 2]", b"[1\n2]", b'["a""b"]', b'["a" "b"]',
    b"[[][]]", b"[{}{}]", b"[[] []]", b"[true false]", b"[1;2]", b"[1:2]",
    b"[1,,]", b"[],", b",[]", b"{,}", b'{"a":1,}', b'{,"a":1}',
    b'{"a":1,,"b":2}', b'{"a":1 "b":2}', b'{"a":1;"b":2}', b'{"a":1"b":2}',
    b'{"a":1,2}', b'{"a":1,null}', b'{"a":1,{}}', b'{"a",1}',
    # Colons.
    b"{:}", b"{:1}", b'{"a"}', b'{"a":}', b'{"a"::1}', b'{"a" 1}',
    b'{"a"=1}', b'{"a"=>1}', b'{"a":1:2}', b'{"a":"b":1}', b'{"a" "b"}',
    b'{"a":,"b":1}', b'{"a","b"}', b"[:]", b'["a":1]', b":",
    # Keys.
    b"{a:1}", b"{'a':1}", b"{1:1}", b"{-0:1}", b"{null:1}", b"{true:1}",
    b"{NaN:1}", b"{[]:1}", b"{{}:1}", b'{"a:1}', b'{a":1}', b'{"a"b:1}',
    b'{"a"\x00:1}', b'{"a\x00":1}', b'{"a\n":1}', b'{"\t":1}', b'{"\\x":1}',
    rb'{"\u00":1}', b'{"a":1, a}', b"{`a`:1}", b"{1}", b"{[1]}", b'{["a"]}',
    # More than one value.
    b"1 2", b"[][]", b"[] []", b"{}{}", b"{}\n{}", b"{} 1", b'"a" "b"',
    b'"a""b"', b"null null", b"1,2", b"[]x", b"{}x", b"[] #", b'{"a":1}"',
    b"true false", b'{"a":1}\n{"a":2}\n', b"[]\x00", b"{}\x00", b"1\x00",
    b"[1]\x00[2]", b'"a"\x00', b"true\x00", b"[]\x1a", b"\x1e[]",
    # Blanks that are none.
    b"\x0b[]", b"\x0c[]", b"[\x0b]", b"[\x0c]", b"[1\x0c]", b"[]\x0c",
    b"\x00[]", b"[\x00]", b"[1,\x002]", b"[1\x00]", b"\xa0[]", b"\x85[]",
    "\u00a0[]".encode(), "[\u00a0]".encode(), "\u2003[]".encode(),
    "\u200b[]".encode(), "[\u2028]".encode(), "\u2060[]".encode(),
    "[1,\u3000 2]".encode(), b"[\x08]", b"[\x1f]", b"[\x7f]", b"\\n[]",
    # Byte order marks: one, and before everything.
    b"\xef\xbb\xbf\xef\xbb\xbf[]", b" \xef\xbb\xbf[]", b"[]\xef\xbb\xbf",
    b"[\xef\xbb\xbf]", b"\xef\xbb[]", b"\xef[]", b"\xfe\xff[]",
    b"\xff\xfe[]", b"\xff\xfe[\x00]\x00", b"\xfe\xff\x00[\x00]",
    b"[\x00]\x00", b"\x00[\x00]", b"[\x00\x00\x00]\x00\x00\x00",
    # Comments.
    b"/**/[]", b"[]/**/", b"[/**/]", b"[1/**/,2]", b"//\n[]", b"[]//",
    b"[1//\n]", b'{"a"/**/:1}', b'{/* x */"a":1}', b"#\n[]", b"[#\n]",
    b"[1]#", b"<!-- -->[]", b"--\n[]", b"[1]/", b"/[]", b"[/]",
    # Depth.
    b"[" * 65 + b"]" * 65, b'{"a":' * 65 + b"1" + b"}" * 65,
    b'[{"a":' * 32 + b"[]" + b"}]" * 32, b"[[]," * 64 + b"0" + b"]" * 64,
    b"[" * 100 + b"]" * 100, b"[" * 100000, b'{"a":' * 50000,
    b"[" * 64, b"]" * 64, b"[" * 64 + b"]" * 63, b"[" * 64 + b"]" * 65,
    # Other kinds of text.
    b"event=connection_added", b"a=1&b=2", b"<event/>", b"<?xml?>",
    b"--x\r\n\r\n{}\r\n--x--", b"\x1f\x8b\x08\x00", b"x\x9c\xab\xae\x05\x00",
    b"a: 1\n", b"- 1\n", b"---\n[]", b"a,b\n1,2\n", b"[x]\na=1", b"()",
    b"(1)", b"({})", b"a({})", b"{}; ", b"{};", b"var a={}", b"b'{}'",
    b"{'a': None}", b"[1L]", b"\\x7b\\x7d", b"&#123;}", b"%7B%7D",
    b")]}',\n{}", b"while(1);[]", b"for(;;);[]",
]


def places(scalars):
    """Each of them alone and as a part of something."""
    for scalar in scalars:
        for place in (b"%s", b" %s\n", b"[%s]", b"[0,%s , 1]", b'{"a":%s}',
                      b'{"b":[] , "a" : [%s]}', b'[[{"a":[%s,"x"]}]]'):
            yield place.replace(b"%s", scalar)


def taken():
    yield from STRUCTURES
    yield from places(NUMBERS + STRINGS + WORDS + PYTHON)
    for string in STRINGS:
        yield b"{" + string + b":1}"
        yield b'{"a":0,' + string + b' : "x" , "b":{' + string + b":-0}}"


def refused():
    yield from NO_STRUCTURES
    # In a list a comma and in an object a colon would make some of them
    # parts of JSON; all of these are none anywhere.
    yield from places(NO_NUMBERS + NO_STRINGS)
    for word in NO_WORDS:
        yield word
        yield b"[" + word + b"1]"
        yield b'{"a":' + word + b"0}"
    for text in NO_UTF_8:
        yield text
        yield b'"' + text + b'"'
        yield b'["a' + text + b'b"]'
        yield b'{"' + text + b'":1}'
        yield b'{"a":"' + text + b'"}'
        yield b'[1]' + text
