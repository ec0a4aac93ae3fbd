# SPDX-License-Identifier: Apache-2.0
"""C text for the checkers: which files there are, and their text without comments, strings and preprocessor lines.

What is taken out is replaced by blanks, so that line numbers and columns stay as they are in the file.
"""
import pathlib
import re

_TOKEN = re.compile(
    r'//(?:[^\n\\]|\\.|\\\n)*'  # line comment; a backslash continues it
    r'|/\*.*?(?:\*/|\Z)'  # block comment, also one that never ends
    r'|"(?:[^"\\\n]|\\.|\\\n)*"'
    r"|'(?:[^'\\\n]|\\.|\\\n)*'",
    re.S)
_DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n\\]|\\.|\\\n)*', re.M | re.S)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]*)"', re.M)


def _blank(match):
    return re.sub(r'[^\n]', ' ', match.group())


def _blank_comment(match):
    return _blank(match) if match.group()[0] == '/' else match.group()


def code(text):
    """The text without comments and literals."""
    return _TOKEN.sub(_blank, text)


def without_directives(text):
    """What code() returned, without #define, #include and their kind."""
    return _DIRECTIVE.sub(_blank, text)


def includes(text):
    """(line, name) of each #include "name"."""
    text = _TOKEN.sub(_blank_comment, text)
    return [(line_of(text, m.start(1)), m.group(1)) for m in _INCLUDE.finditer(text)]


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


def files(*folders):
    """All .c and .h files below the folders, sorted; folders that are not there count as empty."""
    found = []
    for folder in folders:
        found += [p for p in pathlib.Path(folder).rglob('*') if p.suffix in ('.c', '.h') and p.is_file()]
    return sorted(found)


def read(path):
    return path.read_text(encoding='utf-8', errors='replace')
