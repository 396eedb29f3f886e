# SPDX-License-Identifier: GPL-2.0
"""What the end-to-end tests leave to `make check-all`: docs/testing.md has each of them, and why."""

import ast
import glob
import os

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = os.path.join("docs", "testing.md")
MARKS = {"whole": "", "backend_whole": " with `direct`"}


def value(tree, node):
    """A reason that is written out, or a constant of the file."""
    if isinstance(node, ast.Constant):
        return node.value
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and \
                getattr(statement.targets[0], "id", None) == node.id:
            return statement.value.value
    raise ValueError(ast.dump(node))


def rows(path):
    """Lines of the table for a file of tests."""
    with open(path) as f:
        tree = ast.parse(f.read())
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        for decorator in function.decorator_list:
            for call in ast.walk(decorator):
                mark = getattr(getattr(call, "func", None), "attr", None)
                if mark not in MARKS:
                    continue
                # Of one parameter of several
                only = ["[%s]" % ast.literal_eval(param.args[0]) for param in ast.walk(decorator)
                        if getattr(getattr(param, "func", None), "attr", None) == "param"
                        and call in ast.walk(param)]
                yield "| `%s::%s%s`%s | %s |" % (
                    os.path.basename(path), function.name, "".join(only), MARKS[mark],
                    value(tree, call.args[0]))


def all_rows():
    return [row for path in sorted(glob.glob(os.path.join(TOP, "tests", "e2e", "test_*.py")))
            for row in rows(path)]


def complaints():
    """Rows that the page has too few."""
    with open(os.path.join(TOP, PAGE)) as f:
        there = f.read().splitlines()
    return ["%s: missing: %s" % (PAGE, row) for row in all_rows() if row not in there]


if __name__ == "__main__":
    print("\n".join(all_rows()))
