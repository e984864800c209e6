"""Turns the recorded messages of the state civil defence into CAP 1.2 files, one a message."""

import gzip
import json
import re
import unicodedata
from datetime import datetime, timedelta, timezone
from xml.sax.saxutils import escape

# 2026-08-06 shows as 2024-04-30. Not a multiple of seven: the weekday moves, and nothing here depends on it.
SHIFT = timedelta(days=-828)
# `issuedAt` ends in "Z" but is local time: on 2026-08-08 the poll of 14:24Z does not have the message "of 11:52Z" yet
# and the poll of 14:56Z has it, and so with every message whose first appearance was seen.
LOCAL = timezone(timedelta(hours=-3))
# Without a readable end of validity: what the readable ones last at most, rounded up; forecasts are "for the next days".
EXPIRES_AFTER = timedelta(hours=6)
PROGNOSIS_EXPIRES_AFTER = timedelta(hours=72)
# The replayer shows a message until a day after it expired (replayer/warnings.rs); older ones are not carried.
SHOWN_AFTER_EXPIRY = timedelta(days=1)

SEVERITY = {"atencao": "Moderate", "perigo": "Severe", "emergencia": "Extreme"}
MONTHS = {
    name: number
    for number, name in enumerate(
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro".split(), start=1
    )
}
VALID_UNTIL = re.compile(r"(?:Válido|Validade) até (?:às )?(\d{1,2})h(\d{2})?h? (?:do dia|de) (\d{1,2}) de (\w+)")
# Where: the words after "região de", "áreas próximas de", "inundação em", ... up to the end of the phrase.
NAMED_REGION = re.compile(
    r"(?:região d[eo]s?|região|áreas próximas d[eo]|áreas d[oe]|inundação em|vento para|no(?=\s+(?:Norte|Nordeste)))"
    r"\s+([A-ZÀ-Ý].*?)"
    r"(?=,? com |, que|\.| no decorrer| do estado| do RS|,\s+com|$)"
)
# The box of the municipality, rounded outwards to 0.01 degree. Coarse on purpose: the message says no more than
# "região de Porto Alegre".
PORTO_ALEGRE = "-30.27,-51.31 -30.27,-51.01 -29.93,-51.01 -29.93,-51.31 -30.27,-51.31"
INSTRUCTIONS = ("Evite áreas de risco.", "Mantenha-se seguro.", "Emergência ligue 190/193.")


def write(source, folder, replay_from, replay_to):
    """Writes the messages that are shown at some time of the replay; gives their number."""
    for old in folder.glob("*.xml"):
        old.unlink()
    count = 0
    for message in recorded(source):
        warning = to_warning(message)
        if warning["expires"] + SHOWN_AFTER_EXPIRY < replay_from or warning["sent"] > replay_to:
            continue
        (folder / f"{warning['identifier']}.xml").write_text(to_cap(warning), encoding="utf-8")
        count += 1
    return count


def recorded(source):
    """Every message once: polls repeat them, and an id comes back with another time of issue when it is re-issued."""
    seen = {}
    with gzip.open(source, "rt", encoding="utf-8") as file:
        for line in file:
            for message in json.loads(line).get("dcrsAlerts") or []:
                seen.setdefault((message["issuedAt"], message["id"]), message)
    return [seen[key] for key in sorted(seen)]


def to_warning(message):
    issued = datetime.fromisoformat(message["issuedAt"].rstrip("Z")).replace(tzinfo=LOCAL)
    title, text = message["title"].strip(), " ".join(message["message"].split())
    prognosis = "para os próximos dias" in title
    expires, expires_note = expiry(text, issued, prognosis)
    sent = issued + SHIFT
    notes = [
        "Recorded by a public poll of the civil defence's site in August 2026 and made into CAP for this demo; "
        f"all times are moved by {SHIFT.days} days, the dates in the text are the recorded ones.",
        expires_note,
        "Category, urgency and certainty are not in the recording.",
    ]
    return {
        "identifier": f"{message['id']}-{sent:%Y%m%dT%H%M%S}",
        "sent": sent,
        "expires": expires + SHIFT,
        "note": " ".join(notes),
        "event": event(title + " " + text, prognosis),
        "urgency": "Future" if prognosis else "Expected" if message["severity"] == "atencao" else "Immediate",
        "certainty": "Possible" if prognosis else "Observed" if " atua" in title else "Likely",
        "severity": SEVERITY[message["severity"]],
        "headline": title,
        "description": text,
        "instruction": " ".join(words for words in INSTRUCTIONS if words in text),
        "web": message["link"],
        **area(title, text, message["regions"], prognosis),
    }


def expiry(text, issued, prognosis):
    """The end of validity that the text names, or an assumed one; and a sentence that says which."""
    found = VALID_UNTIL.search(text)
    if found:
        hour, minute, day, month = found.groups()
        until = issued.replace(
            month=MONTHS[month], day=int(day), hour=int(hour), minute=int(minute or 0), second=0, microsecond=0
        )
        if until > issued:
            return until, "The expiry is the one in the text."
        assumed = issued + EXPIRES_AFTER
        return assumed, "The expiry in the text lies before the time of issue; assumed is 6 h after it."
    if prognosis:
        return issued + PROGNOSIS_EXPIRES_AFTER, "The text names no expiry; assumed is 72 h after the time of issue."
    return issued + EXPIRES_AFTER, "The text names no expiry; assumed is 6 h after the time of issue."


def event(text, prognosis):
    lower = text.lower()
    if prognosis:
        return "Prognóstico hidrológico" if "hidrológico" in lower else "Prognóstico meteorológico"
    if "inundação do rio" in lower:
        return "Inundação"
    if "granizo" in lower:
        return "Tempestade com granizo"
    if "tempestade" in lower:
        return "Tempestade com vento"
    return "Rajadas de vento"


def area(title, text, regions, prognosis):
    """Where: the state for forecasts, the municipality's box for Porto Alegre, a code of its name for anything else."""
    recorded_as = ", ".join(regions)
    if prognosis:
        return {"area": recorded_as, "geocodes": [("ISO3166-2", "BR-RS")], "polygon": None}
    found = NAMED_REGION.search(title) or NAMED_REGION.search(text)
    if not found:
        raise ValueError(f"no region found in {title!r}")
    names = [name.strip() for name in re.split(r",| e ", found.group(1)) if name.strip()]
    here = " e ".join(names)
    return {
        "area": here if here == recorded_as else f"{here} ({recorded_as})",
        "geocodes": [("demo-region", slug(name)) for name in names],
        "polygon": PORTO_ALEGRE if "Porto Alegre" in names else None,
    }


def slug(name):
    plain = unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def to_cap(warning):
    """CAP 1.2 text. The order of the elements is the schema's."""

    def element(name, text, depth):
        return f"{'  ' * depth}<{name}>{escape(text)}</{name}>\n" if text else ""

    out = '<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">\n'
    out += element("identifier", warning["identifier"], 1)
    out += element("sender", "defesacivil.rs.gov.br", 1)
    out += element("sent", warning["sent"].isoformat(timespec="seconds"), 1)
    out += element("status", "Actual", 1)
    out += element("msgType", "Alert", 1)
    out += element("scope", "Public", 1)
    out += element("note", warning["note"], 1)
    out += "  <info>\n"
    out += element("language", "pt-BR", 2)
    out += element("category", "Met", 2)
    for name in ("event", "urgency", "severity", "certainty"):
        out += element(name, warning[name], 2)
    out += element("expires", warning["expires"].isoformat(timespec="seconds"), 2)
    out += element("senderName", "Defesa Civil RS", 2)
    for name in ("headline", "description", "instruction", "web"):
        out += element(name, warning[name], 2)
    out += "    <area>\n" + element("areaDesc", warning["area"], 3)
    out += element("polygon", warning["polygon"], 3)
    for value_name, value in warning["geocodes"]:
        out += "      <geocode>\n"
        out += element("valueName", value_name, 4) + element("value", value, 4)
        out += "      </geocode>\n"
    return out + "    </area>\n  </info>\n</alert>\n"
