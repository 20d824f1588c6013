"""A running search as lines."""

from facealign.search.events import SearchEvent


def say(event: SearchEvent) -> None:
    """Print what a search tells that people want to know: its beginning, each trial's end, and notes."""
    match event["kind"]:
        case "search":
            there = (
                ", ".join(f"{count} {state}" for state, count in event["ended"].items() if count) or "no trial yet"
            )
            most = "" if event["trials"] is None else f" of {event['trials']}"
            print(f"{event['name']}: {there}{most}", flush=True)
        case "trial_ended":
            ending = event["cause"] or " ".join(f"{value:.6g}" for value in event["values"])
            line = f"trial {event['number']:>3}  {event['state']:<8}  {event['epochs']} epochs  {ending}"
            print(line.rstrip(), flush=True)
        case "note":
            print(event["text"], flush=True)
