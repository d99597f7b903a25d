"""Starts ministack, the local AWS, and adds behaviour of AWS that ministack lacks.

ministack has no hooks for these points, so each patch edits a function before it runs and checks the source that it
edits. If another version of ministack does not fit, the launcher refuses to start and names the patch.

The process ends when its standard input closes. The parent holds the other end, so the local AWS and its Lambda workers
end with the parent even if that is killed.
"""

import os
import shutil
import signal
import sys
import threading

import ministack.app
import ministack.core.lambda_runtime
from patches import PATCHES
from rewriter import PatchFailed, Rewriter


def end_with_parent(scratch):
    """Wait for the parent to close our standard input, then end every process of our group and our files."""
    # Not sys.stdin: this thread would hold its lock, and then an ordinary exit of the interpreter crashes.
    while os.read(0, 4096):
        pass
    ministack.core.lambda_runtime.reset()
    if scratch:
        shutil.rmtree(scratch, ignore_errors=True)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def start():
    rewriter = Rewriter()
    try:
        for apply in PATCHES:
            apply(rewriter)
    except PatchFailed as failure:
        sys.exit(f"The local AWS cannot start with this version of ministack: {failure}")
    scratch = os.environ.get("LOCAL_AWS_SCRATCH")
    threading.Thread(target=end_with_parent, args=(scratch,), daemon=True, name="end-with-parent").start()
    ministack.app.main()


if __name__ == "__main__":
    start()
