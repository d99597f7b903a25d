"""The behaviour of AWS that ministack lacks, one function each. What ministack is asked to do is AWS's own contract:
none of these patches serves a peculiarity of this project."""

import contextlib
import inspect
import json
import queue
import uuid
from datetime import datetime, timezone

import ministack.app as app
import ministack.core.iam_actions as iam_actions
import ministack.core.lambda_runtime as lambda_runtime
import ministack.services.apigateway as apigateway
import ministack.services.dynamodb as dynamodb
import ministack.services.eventbridge as eventbridge
import ministack.services.lambda_svc as lambda_service
import ministack.services.s3 as s3
import ministack.services.scheduler as scheduler
import ministack.services.stepfunctions as step_functions
from rewriter import require

LOOPBACK = ("127.0.0.1", "::1")


def pass_error_names_through(rewriter):
    """Pass on the name of the thrown error instead of Runtime.HandlerError: Catch and Retry match our error names."""
    patch = "error names"
    settled = 'error: String(err.message || err), trace: err.stack || ""'
    script = lambda_runtime._NODEJS_WORKER_SCRIPT
    require(patch, script.count(settled), 1, "the occurrences of the settle branch in the Node.js worker")
    named = settled + ', errorName: (err && err.name) || "Error"'
    lambda_runtime._NODEJS_WORKER_SCRIPT = script.replace(settled, named)
    rewriter.edit(
        patch, lambda_service, "_execute_function_warm",
        ('error_type = "Runtime.HandlerError"', 'error_type = result.get("errorName") or "Runtime.HandlerError"'),
        (
            '"errorType": error_type,',
            '"errorType": error_type, "trace": (result.get("trace") or "").splitlines(),',
        ),
    )


def keep_workers_after_handler_errors(rewriter):
    """Keep a worker after an error of its handler. On AWS the environment survives, with all that its modules cache."""
    rewriter.edit(
        "workers outlive handler errors", lambda_runtime.Worker, "invoke",
        ('if response.get("status") == "error":',
         'if response.get("status") == "error" and "errorName" not in response:'),
    )


# No line of a log begins with a NUL character.
END_OF_CALL = "\0 the call has ended"


def read_logs_to_their_end(_rewriter):
    """Read every line that a call logged before it answered. The worker marks the end of the lines on the same pipe.
    ministack waits 50 ms for a first line and 5 ms for each further one instead. That slows thousands of downloads down,
    and on a busy machine the last lines appear in the log of the function's next call."""
    patch = "logs to their end"
    script = lambda_runtime._NODEJS_WORKER_SCRIPT
    for answering in ("        settled = true;\n", "\n    } catch (e) {\n"):
        require(patch, script.count(answering), 1, f"the occurrences of {answering!r} in the Node.js worker")
        script = script.replace(answering, f'{answering}_stderrWrite({json.dumps(END_OF_CALL)} + "\\n");\n')
    lambda_runtime._NODEJS_WORKER_SCRIPT = script
    drain = lambda_runtime.Worker._drain_stderr_bounded
    require(patch, drain.__defaults__, (0.050, 0.005, 0.250), "the waits of _drain_stderr_bounded")

    def to_their_end(worker, *waits, **named_waits):
        if not worker.config.get("Runtime", "").startswith("nodejs"):
            return drain(worker, *waits, **named_waits)
        lines = []
        # A worker that died in the call writes no end.
        with contextlib.suppress(queue.Empty):
            while (line := worker._stderr_queue.get(timeout=1)) != END_OF_CALL:
                lines.append(line)
        return "\n".join(lines)

    lambda_runtime.Worker._drain_stderr_bounded = to_their_end


def count_loopback_as_tls(_rewriter):
    """Count requests from this machine as TLS, so that they satisfy policies that deny plain HTTP."""
    calls = inspect.getsource(app).count("pin_request_origin(")
    require("loopback counts as TLS", calls, 1, "the number of calls of pin_request_origin")
    pin = app.pin_request_origin
    app.pin_request_origin = lambda address, secure: pin(address, secure or address in LOOPBACK)


def stop_map_with_its_execution(rewriter):
    """Start no further items of a Map after its execution was stopped."""
    begin = "    def run_child(idx, item):\n"
    skip = (
        "        if not_to_begin():\n"
        "            with lock:\n"
        '                for counts in (run["itemCounts"], run["executionCounts"]):\n'
        '                    counts["pending"] -= 1\n'
        '                    counts["aborted"] += 1\n'
        "            return\n"
    )
    rewriter.edit(
        "stop inside a map", step_functions, "_run_distributed_map",
        (begin, '    def not_to_begin():\n        return execution["status"] != "RUNNING"\n\n' + begin + skip),
        ('run["status"] = "FAILED" if exceeded',
         'run["status"] = "ABORTED" if execution["status"] != "RUNNING" else "FAILED" if exceeded'),
    )


def stop_map_over_its_threshold(rewriter):
    """Start no further items after more items failed than the Map tolerates, as AWS does."""
    rewriter.edit(
        "stop a map over its threshold", step_functions, "_run_distributed_map",
        ("    def not_to_begin():\n",
         "    def over_threshold():\n"
         "        failed = sum(1 for failure in failures if failure is not None)\n"
         "        limits = []\n"
         '        if "ToleratedFailureCount" in state_def:\n'
         "            limits.append(failed > tolerated_count)\n"
         '        if "ToleratedFailurePercentage" in state_def:\n'
         "            limits.append(failed * 100 > tolerated_pct * len(items))\n"
         "        return bool(failed) and (any(limits) if limits else True)\n\n"
         "    def not_to_begin():\n"),
        ('        return execution["status"] != "RUNNING"\n',
         '        return execution["status"] != "RUNNING" or over_threshold()\n'),
        ("    exceeded = bool(failed) and (any(limits) if limits else True)\n", "    exceeded = over_threshold()\n"),
    )


def name_throttles(rewriter):
    """Report a throttled function to its state as Lambda.TooManyRequestsException. ministack reports Lambda.Unknown."""
    rewriter.edit(
        "throttled tasks", step_functions, "_call_lambda",
        ('    if result.get("error"):\n',
         '    if result.get("throttle"):\n'
         '        raise _ExecutionError("Lambda.TooManyRequestsException", result["body"]["message"])\n'
         '    if result.get("error"):\n'),
    )


def compare_with_paths(_rewriter):
    """Evaluate all comparisons with a path in a Choice. ministack takes some of them, such as those of timestamps, for false."""
    patch = "comparisons with a path"
    parameters = list(inspect.signature(step_functions._evaluate_rule).parameters)
    require(patch, parameters, ["rule", "data", "ctx"], "the parameters of _evaluate_rule")
    evaluate = step_functions._evaluate_rule

    def with_values(rule, data, ctx=None):
        values = {}
        for name, operand in rule.items():
            if name.startswith(("String", "Numeric", "Boolean", "Timestamp")) and name.endswith("Path"):
                values[name.removesuffix("Path")] = step_functions._resolve_path_or_ctx(operand, data, ctx)
            else:
                values[name] = operand
        return evaluate(values, data, ctx)

    step_functions._evaluate_rule = with_values


def check_whole_object_checksums(rewriter):
    """Compute FULL_OBJECT checksums over the bytes of the object. ministack knows only checksums of checksums."""
    patch = "FULL_OBJECT checksums"
    rewriter.edit(
        patch, s3, "_create_multipart_upload",
        ('"checksum_algorithm": checksum_algorithm,',
         '"checksum_algorithm": checksum_algorithm, "checksum_type": headers.get("x-amz-checksum-type"),'),
        ('csum_headers["x-amz-checksum-type"] = "COMPOSITE"',
         'csum_headers["x-amz-checksum-type"] = headers.get("x-amz-checksum-type") or "COMPOSITE"'),
    )
    rewriter.edit(
        patch, s3, "_complete_multipart_upload",
        ("composite = _composite_checksum(checksum_algorithm, part_digests)",
         'declared_type = (headers or {}).get("x-amz-checksum-type") or upload.get("checksum_type")\n'
         '    full = bool(checksum_algorithm) and declared_type == "FULL_OBJECT"\n'
         '    composite = _compute_s3_checksum(checksum_algorithm, b"".join(combined_parts)) if full '
         "else _composite_checksum(checksum_algorithm, part_digests)"),
        ('"COMPOSITE"', '("FULL_OBJECT" if full else "COMPOSITE")', 2),
    )


def know_conditional_writes(rewriter):
    """Give policies the condition keys that require If-None-Match of requests that create an object, but not of parts."""
    upload = "        upload_id = _query_param(query_params, \"uploadId\")\n"
    rewriter.edit(
        "condition keys of conditional writes", iam_actions, "_s3_object_context",
        (upload,
         upload
         + '        creates = "uploads" not in query_params and "partNumber" not in query_params\n'
         '        context["s3:ObjectCreationOperation"] = "true" if creates else "false"\n'
         '        if creates and headers.get("if-none-match"):\n'
         '            context["s3:if-none-match"] = headers["if-none-match"]\n'),
    )


def know_leading_keys(_rewriter):
    """Give policies the condition key that limits a function to items by the beginning of their partition keys."""
    patch = "leading keys"
    parameters = list(inspect.signature(iam_actions.dynamodb_service_context).parameters)
    require(patch, parameters, ["body"], "the parameters of dynamodb_service_context")
    context_of = iam_actions.dynamodb_service_context

    def with_leading_keys(body):
        context = context_of(body)
        try:
            data = json.loads(body or b"{}")
            key = data.get("Key") or data.get("Item") or {}
            name = dynamodb._tables[data["TableName"]]["pk_name"]
        except (AttributeError, KeyError, TypeError, ValueError):
            return context
        if name in key:
            context["dynamodb:LeadingKeys"] = [str(value) for value in key[name].values()]
        return context

    iam_actions.dynamodb_service_context = with_leading_keys


def know_published_events(_rewriter):
    """Give policies the condition keys that limit a function to events of some sources and types."""
    patch = "published events"
    parameters = list(inspect.signature(iam_actions.request_tag_context).parameters)
    require(patch, parameters[:3], ["service", "iam_action", "body"], "the parameters of request_tag_context")
    context_of = iam_actions.request_tag_context

    def with_published_events(service, action, body, *more, **named):
        context = context_of(service, action, body, *more, **named)
        if action != "events:PutEvents":
            return context
        try:
            entries = json.loads(body or b"{}")["Entries"]
            sources = sorted({entry["Source"] for entry in entries if "Source" in entry})
            types = sorted({entry["DetailType"] for entry in entries if "DetailType" in entry})
        except (AttributeError, KeyError, TypeError, ValueError):
            return context
        if sources:
            context = {**context, "events:source": sources}
        if types:
            # AWS documents this key as a text. What it holds for a call with several types, AWS does not say.
            context = {**context, "events:detail-type": types[0] if len(types) == 1 else types}
        return context

    iam_actions.request_tag_context = with_published_events


def with_schedule_attributes(target, schedule, due):
    """Return the target with the values of Scheduler's context attributes in its Input."""
    text = target.get("Input")
    if not text:
        return target
    attributes = {
        "scheduled-time": datetime.fromtimestamp(due, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": uuid.uuid4().hex[:16],
        "schedule-arn": schedule.get("Arn", ""),
        "attempt-number": "1",
    }
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return {**target, "Input": text}


def fill_in_schedule_attributes(rewriter):
    """Replace `<aws.scheduler.scheduled-time>` and the other attributes in a schedule's input, and fire within a second."""
    patch = "schedule attributes"
    require(patch, scheduler._SCHEDULE_TICK_INTERVAL, 10, "the seconds between two sweeps")
    scheduler._SCHEDULE_TICK_INTERVAL = 1
    scheduler._with_schedule_attributes = with_schedule_attributes
    rewriter.edit(
        patch, scheduler, "_tick_schedules",
        ("            _schedule_last_fired[state_key] = now\n            target = ",
         "            if one_shot:\n"
         "                due = at_epoch\n"
         "            elif interval is not None:\n"
         "                due = _schedule_last_fired[state_key] + interval\n"
         "            else:\n"
         "                due = next_fire.timestamp()\n"
         "            _schedule_last_fired[state_key] = now\n            target = "),
        ("_eb._invoke_target(target, event, sched)",
         "_eb._invoke_target(_with_schedule_attributes(target, sched, due), event, sched)"),
    )


def retry_functions_behind_rules(rewriter):
    """Retry a function that a rule invokes asynchronously. After its last attempt, invoke its OnFailure target."""
    rewriter.edit(
        "retries of functions behind rules", eventbridge, "_dispatch_to_lambda",
        ("    threading.Thread(\n"
         "        target=lambda_svc._execute_function_with_config_scope, args=(exec_record, event), daemon=True\n"
         "    ).start()\n",
         "    lambda_svc.invoke_async_with_retry(exec_record, event)\n"),
    )


def take_cookies_out_of_headers(rewriter):
    """Deliver the cookies of an HTTP API's request as payload format 2.0 does: in `cookies`, and in no header."""
    rewriter.edit(
        "cookies of requests", apigateway, "_invoke_lambda_proxy",
        ('        "headers": dict(headers),\n',
         '        "headers": {name: value for name, value in headers.items() if name.lower() != "cookie"},\n'),
        ("    if authorizer_claims is not None:\n        event",
         '    sent = [value for name, value in headers.items() if name.lower() == "cookie"]\n'
         '    cookies = [pair.strip() for value in sent for pair in value.split(";") if pair.strip()]\n'
         "    if cookies:\n"
         '        event["cookies"] = cookies\n'
         "    if authorizer_claims is not None:\n        event"),
    )


PATCHES = (
    take_cookies_out_of_headers,
    pass_error_names_through,
    keep_workers_after_handler_errors,
    read_logs_to_their_end,
    count_loopback_as_tls,
    stop_map_with_its_execution,
    stop_map_over_its_threshold,
    name_throttles,
    compare_with_paths,
    check_whole_object_checksums,
    know_conditional_writes,
    know_leading_keys,
    know_published_events,
    fill_in_schedule_attributes,
    retry_functions_behind_rules,
)
