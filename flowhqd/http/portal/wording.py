"""Errors in words for the portal's users; the texts are translated where they are shown.

The rest of flowhqd words its errors for the operator and for programs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from flowhqd.http.hours_form import SENTENCES
from flowhqd.http.portal import models
from flowhqd.http.portal.i18n import N_, Reader
from flowhqd.replies.render import MAX_TEXT, TextProblem

WRITE_SOMETHING = N_("Fill this in.")
CHOOSE = N_("Choose one of these.")
TOO_LONG = N_("This is too long.")
LOGIN_OVER = N_("You are logged out, so nothing was done. Log in and repeat it.")
LOGIN_OVER_AND_KEPT = N_("You are logged out. Log in: what you wrote is kept.")
UNUSABLE = N_("This cannot be used. Write it differently.")

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "is required": WRITE_SOMETHING,
        "must not be empty": WRITE_SOMETHING,
        "must not contain control characters": N_(
            "There are invisible characters in it. Write it anew."
        ),
        "must be a phone number with its country code, such as +255 712 345 678": N_(
            "Write the number with its country code: +255 712 345 678."
        ),
        models.BAD_EMAIL: N_("Write an e-mail address, such as asha@example.com."),
        models.SHORT_PASSWORD: N_(
            "Take at least 10 characters. Three or four words are easy to remember."
        ),
        models.NUMBER_PASSWORD: N_("Take more than a number: phone numbers are guessed first."),
        models.EASY_PASSWORD: N_("This is easily guessed. Use more different characters."),
        models.OWN_PASSWORD: N_("Do not take your e-mail address as your password."),
    }
)
"""What is wrong with a field, by what its model says of it."""

PROBLEMS: Mapping[str, str] = MappingProxyType(
    {
        "not_found": N_("There is no such page, or it is no longer here."),
        "method_not_allowed": N_("There is no such page, or it is no longer here."),
        "link_over": N_("This link was used already, or it is too old. Ask us for a new one."),
        "wrong_credentials": N_("The e-mail address or the password is wrong."),
        "wrong_password": N_("This is not your password."),
        "account_disabled": N_("This account is switched off. Ask us."),
        "signup_closed": N_("New accounts are made by invitation. Ask us for a link."),
        "address_taken": N_("This address has an account already. Log in with it."),
        "consent_needed": N_("Read first what linking means, and agree to it."),
        "has_tenant": N_("Your business is set up already. To change its number, ask us."),
        "conflict": N_("This has changed meanwhile. Look again where things stand."),
        "invalid": N_("Something in it cannot be used. Look through it again."),
        "bad_cursor": N_("This part of the list is no longer there. Begin at its top."),
        "too_many_failures": N_("Too many attempts at once. Wait a few seconds and try again."),
        "bad_csrf_token": N_("Nothing was done: you have logged in anew since this page was "
                             "opened. Go back, load it again and repeat."),
        "foreign_origin": N_("Another website asked for this, so we did not do it."),
        "request_entity_too_large": N_("This is too much at once."),
        "page_timeout": N_("WhatsApp is slow at the moment. Wait a little and try again."),
        "store_unavailable": N_("We cannot get at your data for a moment. Try again shortly."),
        "not_serving": N_("We are restarting. Try again in a moment."),
    }
)  # fmt: skip
"""What went wrong with a request, by its code."""
_OTHERWISE = N_("Something went wrong on our side. Try again in a moment.")
_REFUSED = N_("We could not understand this. Go back and try again.")


def of_problem(code: str, status: int) -> str:
    """What went wrong, by the problem's code, or else by whose fault it is."""
    return PROBLEMS.get(code) or (_REFUSED if status < 500 else _OTHERWISE)


def of_field(text: str) -> str:
    """What is wrong with a field."""
    if text in FIELDS:
        return FIELDS[text]
    if text in SENTENCES:
        return text
    if text.startswith("must be one of"):
        return CHOOSE
    return TOO_LONG if text.startswith("is too long") else UNUSABLE


def of_fields(errors: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """What is wrong with a form, by its fields; what concerns no field of it is under "form"."""
    known = frozenset(names)
    return {name if name in known else "form": of_field(text) for name, text in errors.items()}


def of_text(problem: TextProblem, reader: Reader) -> str:
    """What is wrong with a reply's text, said to ``reader``."""
    match problem.kind:
        case "empty":
            return reader.say(WRITE_SOMETHING)
        case "too_long":
            return reader.say(
                N_("Write %(most)s characters at most."), most=reader.number(MAX_TEXT)
            )
        case "unsendable":
            return reader.say(
                N_("Line %(line)s has a character that cannot be sent."), line=problem.line
            )
        case "stray_braces" | "unknown_placeholder":
            return reader.say(
                N_("Line %(line)s: %(found)s means nothing here. You can write %(known)s."),
                line=problem.line,
                found=problem.found,
                known=", ".join(f"{{{{ {name} }}}}" for name in problem.known),
            )
