"""Edits the source of an installed package's functions, only if the source is still as expected."""

import inspect
import sys
import textwrap


class PatchFailed(Exception):
    """A patch no longer fits the installed ministack."""


def require(patch, found, expected, what):
    if found != expected:
        raise PatchFailed(f'patch "{patch}": expected {what} to be {expected!r}, found {found!r}')


class Rewriter:
    """Edits the source of functions. It keeps each edited text, so that a later patch can edit it again."""

    def __init__(self):
        self._texts = {}

    def edit(self, patch, owner, name, *edits):
        """Replace texts in one function of a module or class. An edit is (old, new) or (old, new, occurrences)."""
        function = getattr(owner, name, None)
        require(patch, callable(function), True, f"{owner.__name__}.{name} to exist, which has")
        text = self._texts.get((owner, name)) or textwrap.dedent(inspect.getsource(function))
        for old, new, *times in edits:
            require(patch, text.count(old), times[0] if times else 1, f"the occurrences of {old!r} in {name}")
            text = text.replace(old, new)
        self._texts[owner, name] = text
        module = owner if inspect.ismodule(owner) else sys.modules[owner.__module__]
        defined = {}
        exec(compile(text, f"<{name} as patched>", "exec"), module.__dict__, defined)
        setattr(owner, name, defined[name])
