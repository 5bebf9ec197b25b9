"""Compares `ringside html --raw` with html5lib, a whole parser with a tree builder, on documents put
together at random from a fixed seed: html_oracle.py RINGSIDE COUNT [SEED]. What is compared is the
characters of its tokens. Left out are pieces on which html5lib 1.1 follows an older standard:
<select> (in which it ignores most tags), and </p> and </br> in foreign content.
"""
import random
import subprocess
import sys

import html5lib

PIECES = r"""
< > </ /> = " ' & ; # x - -- ! <! <!-- --> --!> <!--> <!---> <![CDATA[ ]]> ] [ a b z 1
&amp; &amp &lt;&gt &not &notit; &notin; &noti &nGt; &#65; &#x41 &#0; &#x80; &#xD800; &#x110000; &AMP
&copy= &hellip; &Counter &CounterClockwiseContourIntegral; &fjlig; &nosuch; &#13; &#
<p> <p\tclass="a>b"> <a\thref='x"y>'> <a\tb=c> <a\tb=c"d'e> <a\tb\tc\t=\td> </a> <b> </b> <div> </div>
<br> <br/> <img\talt="&lt;"> <i\t/> <x-y> </x-y> <blockquote> </blockquote> <!DOCTYPE\thtml> <?pi?>
<title> </title> </title\tx> </titl <textarea> </textarea> <style> </style> <xmp> </xmp> <noscript>
<script> </script> <script\tsrc=x> </script <SCRIPT> </scripT\n> <!--<script> </noscript> <iframe>
</iframe> <svg> </svg> <svg/> <math> </math> <g> </g> <g/> <path\td="M0"/> <foreignObject>
</foreignObject> <desc> </desc> <mi> </mi> <mo> </mo> <annotation-xml> </annotation-xml>
<annotation-xml\tencoding="text/html"> <annotation-xml\tencoding=application/xhtml&#43;xml>
<font> <font\tcolor=red> <font\tid=x> </font> <mglyph> <malignmark/> <span> </span> <pre> </pre>
""".split()
PIECES = [piece.replace(r"\t", " ").replace(r"\n", "\n") for piece in PIECES] + [" ", "\n", "\r\n", "\r", "\0", "\u00e4", "\U0001f600"]


text = []
tokens_of = html5lib._tokenizer.HTMLTokenizer.__iter__


def record(tokenizer):
    kinds = html5lib.constants.tokenTypes
    for token in tokens_of(tokenizer):
        if token["type"] in (kinds["Characters"], kinds["SpaceCharacters"]):
            text.append(token["data"])
        yield token


html5lib._tokenizer.HTMLTokenizer.__iter__ = record


def expected(document):
    text.clear()
    html5lib.parse(document)
    return "".join(text)


def main():
    ringside, count = sys.argv[1], int(sys.argv[2])
    source = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    differences = 0
    for _ in range(count):
        document = "".join(source.choices(PIECES, k=source.randint(2, 20)))
        wanted = expected(document)
        found = subprocess.run([ringside, "html", "--raw"], input=document.encode(),
                               stdout=subprocess.PIPE, check=True).stdout
        if found != wanted.encode():
            differences += 1
            print("%r\n  html5lib: %r\n  ringside: %r" % (document, wanted, found.decode()))
    print("%d documents, %d differ" % (count, differences))
    return differences > 0


sys.exit(main())
