"""source: what the lint scripts share: the tree's files, C without comments and strings, functions."""
import os
import re
import subprocess

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
TOKENS = re.compile(r'(/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\')', re.S)


def files(*patterns):
    """Paths of the tree, from its root, that git knows or would add, in order."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *patterns],
                            cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    return sorted(path for path in set(listed) if path and os.path.isfile(os.path.join(ROOT, path)))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def blank(text):
    """As many characters and lines as the text, all of them blank."""
    return re.sub(r"[^\n]", " ", text)


def code(text):
    """C without what is in comments and strings; lines keep their numbers."""
    return "".join(blank(part) if i % 2 else part for i, part in enumerate(TOKENS.split(text)))


def prose(text):
    """The opposite: comments and strings alone."""
    return "".join(part if i % 2 else blank(part) for i, part in enumerate(TOKENS.split(text)))


def functions(text):
    """(name, first line, last line, body) of each function; clang-format has put its braces at the
    beginning of lines."""
    lines = code(text).split("\n")
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            head = ""
            first = start
            while first > 1 and lines[first - 2] and not re.match(r"[}#/]", lines[first - 2]):
                first -= 1
                head = lines[first - 1] + head
            name = re.search(r"(\w+)\(", head)
            yield name[1] if name else "?", first, number, "\n".join(lines[start:number - 1])
            start = None


def report(faults):
    """Prints each and returns the exit code."""
    for fault in faults:
        print(fault)
    return 1 if faults else 0
