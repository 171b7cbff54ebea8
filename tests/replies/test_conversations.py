"""Messages as customers send them, and the rule that has to answer each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flowhqd.replies import (
    Answer,
    Business,
    Inquiry,
    OpeningHours,
    Silence,
    answer,
    slow_down_text,
    wait_text,
)
from flowhqd.states import Language

SW, EN = Language.SW, Language.EN
SATURDAY = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
"""10:00 in Dar es Salaam."""


def ask(
    template: str,
    language: Language,
    text: str,
    *,
    message_type: str = "chat",
    previous: str | None = None,
) -> Answer:
    business = Business("Asha Salon", template, language)
    inquiry = Inquiry(text, SATURDAY, message_type=message_type, previous_rule=previous)
    said = answer(business, inquiry)
    assert isinstance(said, Answer)
    return said


@pytest.mark.parametrize(
    ("text", "rule", "language"),
    [
        ("Habari, nataka kuweka miadi", "booking", SW),
        ("nataka kuweka miyadi", "booking", SW),
        ("Hbr naomba nafasi kesho", "booking", SW),
        ("nataka kubook", "booking", SW),
        ("Nije lini??", "booking", SW),
        ("Hello I want to book an appointment", "booking", EN),
        ("can i get an apointmnt on friday pls", "booking", EN),
        ("do u do nails?", "booking", EN),
        ("Mnafanya kucha?", "booking", SW),
        ("nataka kuahirisha miadi yangu", "change", SW),
        ("I need to cancel my appointment", "change", EN),
        ("bei gan", "prices", SW),
        ("PRICE???", "prices", SW),
        ("bei ya kusuka ni sh ngapi", "prices", SW),
        ("how much is a haircut?", "prices", EN),
        ("mko wapi", "location", SW),
        ("where are you located", "location", EN),
        ("mnafungua saa ngapi", "hours", SW),
        ("are you open on sunday?", "hours", EN),
        ("naomba kuongea na mtu", "human", SW),
        ("let me talk to someone", "human", EN),
        ("sijaridhika na huduma", "problem", SW),
        ("HABARIIII!!", "greeting", SW),
        ("Shikamoo", "greeting", SW),
        ("mambo vp", "greeting", SW),
        ("Habari za leo", "greeting", SW),
        ("asnte sana", "thanks", SW),
        ("🙏🙏", "thanks", SW),
        ("Thank you so much", "thanks", EN),
        ("kwa heri", "goodbye", SW),
        ("👍", "okay", SW),
        ("mna nafasi za kazi?", "fallback", SW),
        ("mna huduma gani?", "services", SW),
        ("What services do you offer?", "services", EN),
        ("mpo?", "greeting", SW),
        ("Hapana", "okay", SW),
        ("nataka kubadili siku ya miadi", "change", SW),
        ("Habari ya asubuhi samahani naomba kuuliza bei ya kusuka", "prices", SW),
        ("nina message yako", "fallback", SW),
        ("😀", "fallback", SW),
        ("", "fallback", SW),
    ],
)
def test_a_swahili_salon(text: str, rule: str, language: Language) -> None:
    said = ask("BOOKING", SW, text)
    assert (said.rule, said.language) == (rule, language)


@pytest.mark.parametrize(
    ("text", "rule", "language"),
    [
        ("nmeona oda yangu haijafika", "order_status", SW),
        ("mzigo wangu umefika wapi", "order_status", SW),
        ("where is my order", "order_status", EN),
        ("asante nimepokea mzigo wangu", "thanks", SW),
        ("mnatuma mikoani?", "delivery", SW),
        ("delivery mbeya sh ngapi", "delivery", SW),
        ("do you deliver to Arusha", "delivery", EN),
        ("nalipaje", "payment", SW),
        ("mnapokea m-pesa?", "payment", SW),
        ("bei gan ya hii", "prices", SW),
        ("Nataka kununua simu, bei gani?", "prices", SW),
        ("how much is the red dress", "prices", EN),
        ("Nataka kununua viatu", "orders", SW),
        ("nataka hii", "orders", SW),
        ("I want to buy two shirts", "orders", EN),
        ("nataka kujua mko wapi", "location", SW),
        ("mna iphone 13?", "stock", SW),
        ("saizi 40 ipo?", "stock", SW),
        ("Do you have size 42?", "stock", EN),
        ("the item is broken i want a refund", "problem", EN),
        ("simu imeharibika", "problem", SW),
        ("Nataka kurudisha", "problem", SW),
        ("mmenitumia rangi tofauti", "problem", SW),
        ("nimeagiza wiki iliyopita mpaka leo kimya", "order_status", SW),
        ("mzigo utafika lini", "order_status", SW),
        ("I havent recieved my oder", "order_status", EN),
        ("Nitumie picha", "stock", SW),
        ("ngapi hii", "prices", SW),
        ("need 2 of these", "orders", EN),
        ("duka lenu lipo wapi", "location", SW),
        ("asante kwa huduma nzuri", "thanks", SW),
        ("hi", "greeting", SW),
        ("tuonane facebook", "fallback", SW),
    ],
)
def test_a_swahili_shop(text: str, rule: str, language: Language) -> None:
    said = ask("ECOMMERCE", SW, text)
    assert (said.rule, said.language) == (rule, language)


@pytest.mark.parametrize(
    ("text", "rule", "language"),
    [
        ("nina tatizo na simu yangu", "problem", SW),
        ("internet haifanyi kazi", "problem", SW),
        ("salio langu limekatwa", "problem", SW),
        ("I was charged twice", "problem", EN),
        ("tatizo langu limetatuliwa asante", "thanks", SW),
        ("mbona hamjibu", "human", SW),
        ("bado haijatengenezwa", "progress", SW),
        ("mpo wazi hadi saa ngapi", "hours", SW),
        ("hakuna shida, asante", "thanks", SW),
        ("it is not working", "problem", EN),
        ("nimesahau password", "help", SW),
        ("naomba msaada", "help", SW),
        ("how do i reset my password", "help", EN),
        ("any update?", "progress", EN),
        ("mmefikia wapi na tatizo", "problem", SW),
        ("bado hamjanijibu", "progress", SW),
        ("agent", "human", SW),
        ("Naomba namba ya meneja", "human", SW),
        ("gharama za huduma ni kiasi gani", "prices", SW),
        ("Habari", "greeting", SW),
    ],
)
def test_swahili_support(text: str, rule: str, language: Language) -> None:
    said = ask("SUPPORT", SW, text)
    assert (said.rule, said.language) == (rule, language)


@pytest.mark.parametrize(
    ("template", "text", "rule", "language"),
    [
        ("BOOKING", "hi, can I book for tomorrow", "booking", EN),
        ("BOOKING", "I want to book kesho", "booking", EN),
        ("BOOKING", "Habari, nataka kuweka miadi", "booking", SW),
        ("BOOKING", "HELLO", "greeting", EN),
        ("BOOKING", "Habari", "greeting", SW),
        ("ECOMMERCE", "price?", "prices", EN),
        ("ECOMMERCE", "pls hw much", "prices", EN),
        ("ECOMMERCE", "i would like bei", "prices", EN),
        ("ECOMMERCE", "Mnauza viatu?", "stock", SW),
        ("ECOMMERCE", "I have not received my order!!!", "order_status", EN),
        ("ECOMMERCE", "thnx", "thanks", EN),
        ("SUPPORT", "nothing is working", "fallback", EN),
        ("SUPPORT", "My internet stopped working", "problem", EN),
        ("SUPPORT", "bye", "goodbye", EN),
        ("FALLBACK", "price list please", "prices", EN),
        ("FALLBACK", "blue", "fallback", EN),
        ("NOT_INSTALLED", "Hello", "greeting", EN),
    ],
)
def test_english_businesses(template: str, text: str, rule: str, language: Language) -> None:
    said = ask(template, EN, text)
    assert (said.rule, said.language) == (rule, language)


def test_the_booking_reply_of_a_swahili_salon() -> None:
    assert ask("BOOKING", SW, "Habari, nataka kuweka miadi").text == (
        "Habari! Karibu Asha Salon. Ili tukuwekee miadi, tafadhali tuandikie:\n"
        "• Huduma unayotaka\n"
        "• Siku\n"
        "• Saa\n"
        "\n"
        "Kwa mfano: kesho saa nne asubuhi."
    )


def test_a_booking_repeats_the_service_the_day_and_the_time() -> None:
    said = ask("BOOKING", SW, "Nataka kusuka kesho saa nne asubuhi")
    assert said.found == {"date": "2026-11-22", "time": "10:00", "service": "braiding"}
    assert "Huduma: kusuka nywele\n" in said.text
    assert "Muda: kesho (Jumapili tarehe 22 Novemba), saa nne asubuhi\n" in said.text


@pytest.mark.parametrize(
    ("text", "asks_for"),
    [
        ("miadi kesho", "huduma unayotaka na saa"),
        ("miadi kesho saa nne", "huduma unayotaka."),
        ("miadi ya kunyoa", "siku na saa"),
        ("miadi ya kunyoa kesho asubuhi", "pia saa"),
    ],
)
def test_a_booking_asks_for_what_is_missing(text: str, asks_for: str) -> None:
    assert asks_for in ask("BOOKING", SW, text).text


def test_a_day_alone_answers_the_question_for_one() -> None:
    said = ask("BOOKING", SW, "kesho saa nne, asante", previous="booking")
    assert said.rule == "booking"
    assert said.found == {"date": "2026-11-22", "time": "10:00"}


def test_thanks_that_name_a_day_are_thanks() -> None:
    assert ask("BOOKING", SW, "asante, tuonane kesho").rule == "thanks"


@pytest.mark.parametrize("previous", ["orders", "problem", "human", "noted"])
def test_details_that_were_asked_for_are_noted(previous: str) -> None:
    said = ask("ECOMMERCE", SW, "Asha Juma, Sinza, 0712 000 000", previous=previous)
    assert said.rule == "noted"


def test_a_recognised_message_is_no_follow_up() -> None:
    assert ask("ECOMMERCE", SW, "bei gani?", previous="orders").rule == "prices"


@pytest.mark.parametrize("message_type", ["image", "ptt", "video", "document", "sticker"])
def test_media_without_words_asks_to_write(message_type: str) -> None:
    said = ask("ECOMMERCE", SW, "", message_type=message_type)
    assert said.rule == "media"
    assert "tuandikie" in said.text


def test_a_caption_is_answered_like_a_message() -> None:
    assert ask("ECOMMERCE", SW, "bei gani hii?", message_type="image").rule == "prices"


@pytest.mark.parametrize("template", ["BOOKING", "ECOMMERCE", "SUPPORT", "FALLBACK"])
@pytest.mark.parametrize("language", list(Language))
def test_the_fallback_names_the_business(template: str, language: Language) -> None:
    assert "Asha Salon" in ask(template, language, "zzz").text


HOURS = OpeningHours.parse(
    {
        "tz": "Africa/Dar_es_Salaam",
        **{day: [["08:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
        "sat": [["09:00", "13:30"]],
        "closed": ["2026-12-25"],
    }
)


def local(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """A time in Dar es Salaam, which is three hours ahead of UTC."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=3)


@pytest.mark.parametrize(
    ("now", "language", "said"),
    [
        (local(18, 20), SW, "tutafungua kesho saa mbili asubuhi."),
        (local(18, 6), SW, "tutafungua leo saa mbili asubuhi."),
        (local(20, 20), SW, "tutafungua kesho saa tatu asubuhi."),
        (local(21, 14), SW, "tutafungua Jumatatu saa mbili asubuhi."),
        (local(18, 20), EN, "open again tomorrow at 8 am."),
        (local(21, 14), EN, "open again on Monday at 8 am."),
        (local(24, 18, month=12), SW, "tutafungua Jumamosi saa tatu asubuhi."),
    ],
)
def test_the_away_text_names_the_next_opening(now: datetime, language: Language, said: str) -> None:
    business = Business("Asha Salon", "BOOKING", language, HOURS)
    away = answer(business, Inquiry("booking", now))
    assert isinstance(away, Answer)
    assert away.rule == "away"
    assert said in away.text
    assert away.away_until == HOURS.next_opening(now)


def test_a_conversation_is_told_once_per_closure() -> None:
    business = Business("Asha Salon", "BOOKING", SW, HOURS)
    first = answer(business, Inquiry("Habari", local(18, 20)))
    assert isinstance(first, Answer)
    told = first.away_until
    assert told is not None
    again = answer(business, Inquiry("bei gani?", local(18, 23), away_until=told))
    assert again == Silence("hours")
    opened = answer(business, Inquiry("bei gani?", told, away_until=told))
    assert isinstance(opened, Answer)
    assert opened.rule == "prices"
    next_night = answer(business, Inquiry("Habari", local(19, 20), away_until=told))
    assert isinstance(next_night, Answer)
    assert next_night.rule == "away"


def test_a_business_that_never_opens_says_so_once_a_day() -> None:
    business = Business("Asha Salon", "BOOKING", SW, OpeningHours.parse({"tz": "UTC"}))
    away = answer(business, Inquiry("Habari", SATURDAY))
    assert isinstance(away, Answer)
    assert "tutakujibu tukifungua" in away.text
    assert away.away_until == SATURDAY + timedelta(days=1)


def test_the_hours_are_told_when_asked() -> None:
    business = Business("Asha Salon", "BOOKING", SW, HOURS)
    said = answer(business, Inquiry("mnafungua saa ngapi?", local(20, 12)))
    assert isinstance(said, Answer)
    assert said.text.startswith(
        "Saa zetu za kazi:\n"
        "Jumatatu hadi Ijumaa: saa mbili asubuhi hadi saa kumi na moja jioni\n"
        "Jumamosi: saa tatu asubuhi hadi saa saba na nusu mchana\n"
        "Jumapili: tumefunga\n"
    )


def test_a_tenants_own_text_is_used_in_its_language_only() -> None:
    texts = {"prices": "Kusuka ni 20,000 {{ business }} {{ unknown }}", "greeting": "  "}
    business = Business("Asha Salon", "BOOKING", SW, texts=texts)
    own = answer(business, Inquiry("bei gani", SATURDAY))
    english = answer(business, Inquiry("how much is it", SATURDAY))
    blank = answer(business, Inquiry("habari", SATURDAY))
    assert isinstance(own, Answer)
    assert own.text == "Kusuka ni 20,000 Asha Salon"
    assert isinstance(english, Answer)
    assert english.text.startswith("The price depends")
    assert isinstance(blank, Answer)
    assert blank.text.startswith("Habari! Karibu Asha Salon")


def test_a_tenants_own_text_in_its_other_language() -> None:
    business = Business("Asha Salon", "BOOKING", SW, texts={"prices@EN": "Braids: 20,000"})
    said = answer(business, Inquiry("how much is it", SATURDAY))
    assert isinstance(said, Answer)
    assert said.text == "Braids: 20,000"


def test_the_texts_of_a_busy_chat() -> None:
    business = Business("Asha Salon", "BOOKING", SW)
    assert "subiri" in wait_text(business)
    assert "dakika moja" in slow_down_text(business)
    own = Business("Asha Salon", "BOOKING", SW, texts={"wait": "Subiri {{ business }}"})
    assert wait_text(own) == "Subiri Asha Salon"
