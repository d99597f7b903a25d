"""Runs a command to its end. Writes its wall time, CPU time and peak memory to a file, as the operating system counted them.

Usage: measure_process.py RESULT_FILE COMMAND [ARGUMENT ...]
"""

import json
import os
import sys
import time

result_file, command = sys.argv[1], sys.argv[2:]
began = time.monotonic()
pid = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(pid, 0)
seconds = time.monotonic() - began
# Linux counts memory in KiB, macOS in bytes.
memory_unit = 1 if sys.platform == "darwin" else 1024
with open(result_file, "w", encoding="utf8") as file:
    json.dump(
        {
            "wallSeconds": seconds,
            "cpuSeconds": usage.ru_utime + usage.ru_stime,
            "peakBytes": usage.ru_maxrss * memory_unit,
        },
        file,
    )
sys.exit(os.waitstatus_to_exitcode(status))
