"""Lints policy documents with parliament: reads `{name: document}` from a file, and prints one JSON line for each finding."""

import json
import sys
import warnings

# parliament finds its own data with pkg_resources, which says that it is deprecated.
warnings.simplefilter("ignore")

from parliament import analyze_policy_string  # noqa: E402


def texts(value):
    """The values of a document as texts: IAM stores numbers and booleans as texts, and parliament fails on others."""
    if isinstance(value, dict):
        return {name: texts(field) for name, field in value.items()}
    if isinstance(value, list):
        return [texts(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value)


def subjects(detail):
    """What a finding is about: the names of actions, or the linter's own words."""
    if not isinstance(detail, list):
        return [str(detail)]
    return [item["action"] if isinstance(item, dict) else str(item) for item in detail]


for name, document in json.load(open(sys.argv[1], encoding="utf8")).items():
    for finding in analyze_policy_string(json.dumps(texts(document))).findings:
        for subject in subjects(finding.detail):
            print(json.dumps({"policy": name, "rule": f"Parliament-{finding.issue}[{subject}]"}))
