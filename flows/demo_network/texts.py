"""Dummy texts of the demo network, in Dutch. None of them may ever leave a reader."""

from __future__ import annotations

TOPICS = (
    "Overdracht na ontslag", "Planning huisbezoeken", "Vraag over vervoer", "Casus wijkteam Oost",
    "Verslag overleg", "Aanmelding nieuwe bewoner", "Rooster komende weken", "Signaal uit de wijk",
    "Afspraken begeleiding", "Toeleiding dagbesteding", "Wachtlijst en doorstroom",
    "Voorbereiding themamiddag", "Subsidie buurtkamer", "Contactpersoon gezocht",
    "Regels rond toestemming", "Bereikbaarheid in het weekend", "Opvolging valincident",
    "Ondersteuning mantelzorg", "Verzuim en terugkeer", "Overlast plein",
    "Jaarplan samenwerking", "Inkoop hulpmiddelen", "Scholing signaleren", "Evaluatie pilot",
)  # fmt: skip
QUALIFIERS = (
    "reactie gevraagd", "ter informatie", "graag vandaag", "concept", "vervolg", "korte vraag",
    "terugkoppeling", "voorstel", "nieuwe datum", "aanvulling", "stand van zaken", "besluit",
)  # fmt: skip
LINES = (
    "Kun je hier vandaag nog naar kijken?",
    "Dank voor je bericht, ik kom er deze week op terug.",
    "We spraken af dat jullie het gezin bellen.",
    "De coördinatie ligt voorlopig bij ons.",
    "Mevrouw wil liever op donderdag bezoek.",
    "Zie mijn eerdere mail over de wachtlijst.",
    "From nu af aan graag via het gedeelde bord.",  # tests the quoting of mbox
    "Zullen we hierover kort bellen?",
    "Ik heb de indicatie nog niet binnen.",
    "Akkoord, wij nemen de eerste stap.",
    "Laten we dit in het overleg bespreken.",
)
MEETING_TITLES = (
    "Casusoverleg", "Afstemming", "Voortgang", "Intervisie", "Planning", "Kennismaking",
    "Evaluatie", "Wijkschouw", "Themasessie", "Werkoverleg",
)  # fmt: skip
ROOMS = ("Eik", "Beuk", "Kastanje", "Grote zaal")
TASKS = (
    "Werkafspraak vastleggen", "Folder vertalen", "Route herzien", "Contactlijst bijwerken",
    "Proef voorbereiden", "Cijfers verzamelen", "Bijeenkomst regelen", "Formulier vereenvoudigen",
)  # fmt: skip


def subject(number: int) -> str:
    return f"{TOPICS[number % len(TOPICS)]}: {QUALIFIERS[number // 3 % len(QUALIFIERS)]}"


def body(number: int) -> tuple[str, ...]:
    """One or two lines."""
    first, second = LINES[number % len(LINES)], LINES[(number // 7 + 3) % len(LINES)]
    return (first, second) if number % 3 else (first,)


def title(number: int) -> str:
    return f"{MEETING_TITLES[number % len(MEETING_TITLES)]} {TOPICS[number // 5 % len(TOPICS)]}"
