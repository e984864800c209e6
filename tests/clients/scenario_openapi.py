"""schemathesis against the document that the program serves: no request that fits the document ends in a failure of
the server. 501 (not served), 503 (not now) and 507 (disk full) are answers, not failures."""

import os
import re
import subprocess
import sys
from pathlib import Path

from service import Service
from steps import Steps, true

HERE = Path(__file__).resolve().parent
#: Fixed, so that a red run can be repeated; another with TOWNBELL_SEED.
SEED = os.environ.get("TOWNBELL_SEED", "20240503")
EXAMPLES = 40
SPEND_S = 40
END_S = 120
CHECKS = "not_a_server_error,content_type_conformance,status_code_conformance,response_schema_conformance"


def run(service: Service, steps: Steps, folder: Path) -> None:
    with steps.step(f"schemathesis, seed {SEED}"):
        schemathesis(service, folder)


def schemathesis(service: Service, folder: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("st")),
        *("--config-file", str(HERE / "schemathesis.toml")),
        *("run", f"{service.origin}/api/openapi.json"),
        *("--url", service.origin),
        *("--checks", CHECKS),
        *("--phases", "examples,coverage,fuzzing"),
        *("--max-examples", str(EXAMPLES)),
        *("--max-time", str(SPEND_S)),
        *("--request-timeout", "15"),
        *("--seed", SEED),
        # An event stream has no end.
        *("--exclude-path", "/api/live"),
        "--continue-on-failure",
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "openapi_hooks", "PYTHONPATH": str(HERE), "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=END_S)
    said = done.stdout + done.stderr
    (folder / f"schemathesis-{'city' if service.city else 'sandbox'}.log").write_text(said)
    cases = re.search(r"(\d+) generated", said)
    print(
        f"        {cases.group(0) if cases else 'no cases'}; {SPEND_S} s, at most {EXAMPLES} examples each, seed {SEED}"
    )
    true(done.returncode == 0, f"schemathesis finds nothing (exit code {done.returncode})\n{condensed(said)}")
    true(cases and int(cases.group(1)) > 500, "a real number of cases")


def condensed(said: str) -> str:
    """What was found, a few lines each: operation, kind, status, and the request that shows it."""
    marks = [
        "_+ [A-Z]+ /",
        "- ST",
        "Received:",
        "Documented:",
        "curl ",
        r"\[\d{3}\]",
        ".*Error$",
        "Invalid ",
        "properties ",
    ]
    telling = re.compile(rf"\s*({'|'.join(marks)})")
    found = said[said.find("=== ERRORS") if "=== ERRORS" in said else said.find("=== FAILURES") :]
    return "\n".join(line[:240] for line in found.splitlines() if telling.match(line)) or said[-2000:]
