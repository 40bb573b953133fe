"""Trello: the actions of a board, from its JSON export or the API.

An export holds the board's last 1,000 actions, the API all of them. Members have no address: they
are "trello:" and their user name. Of a comment only mentions of the board's members are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from transforms.sources.acts import Act, Rows, mentioned, utc
from transforms.sources.base import Batch, Options, Source
from transforms.sources.machine_names import is_machine_name
from transforms.sources.opening import decoded
from transforms.sources.wrapped_json import BROKEN, records, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_LISTS = ("actions",)
_CREATE = {"createCard", "copyCard", "emailCard", "convertToCardFromCheckItem"}
_COMMENT = {"commentCard", "copyCommentCard"}
_GIVE, _TAKE = "addMemberToCard", "removeMemberFromCard"
_WANTED = "board, card or action as Trello returns it"


# --- what is read of the JSON; everything else is passed over ----------------------------------


class Member(msgspec.Struct):
    """A person."""

    id: str | None = None
    username: str | None = None


class Named(msgspec.Struct):
    """A card or list, by its id."""

    id: str | None = None


class Data(msgspec.Struct):
    """What an action is about."""

    card: Named | None = None
    listAfter: Named | None = None  # noqa: N815
    old: dict[str, msgspec.Raw] | None = None
    text: str | None = None
    member: Named | None = None
    idMember: str | None = None  # noqa: N815


class Action(msgspec.Struct, rename="camel"):
    """One action; without `type` and `date` the record is a card, member or board."""

    id: str | None = None
    type: str | None = None
    date: str | None = None
    id_member_creator: str | None = None
    member_creator: Member | None = None
    member: Member | None = None
    data: Data | None = None
    username: str | None = None


_ACTION = msgspec.json.Decoder(Action)


# --- reading ----------------------------------------------------------------------------------


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the file at `path`. Positions are actions from 1; of a line that is no JSON, lines.

    The file is read twice: first for the members' names. A card or board without actions is skipped.
    Raises UnreadableFileError when the file is no JSON.
    """
    known = _members(path)
    names = {address.removeprefix("trello:"): address for address in known.values()}
    seen = set[int]()
    rows = Rows("work", options, seen)
    for position, place, raw in records(path, _LISTS):
        rows.records += 1
        try:
            action = _ACTION.decode(raw)
        except BROKEN as error:
            rows.reject(position, place, refusal(error, _WANTED))
            continue
        if action.id is None:
            rows.reject(position, place, f"no {_WANTED}")
            continue
        rows.add(_acts(action, known, names), position, place)
        if rows.is_full:
            yield rows.finished()
            rows = Rows("work", options, seen)
    yield rows.finished()


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """Certainty that `head` opens a file of Trello's."""
    text = decoded(head).lstrip()
    if not text.startswith(("{", "[")):
        return 0.0
    is_action = '"idMemberCreator"' in text
    is_card = '"idBoard"' in text and '"idList"' in text
    is_board = '"idOrganization"' in text and "://trello.com/" in text
    return 0.95 if is_action or is_card or is_board else 0.0


def _members(path: Path) -> dict[str, str]:
    """Id → "trello:" and the user name, of everybody shown."""
    known: dict[str, str] = {}
    for record in records(path, (*_LISTS, "members")):
        try:
            shown = _ACTION.decode(record.raw)
        except BROKEN:
            continue
        people = (shown.member_creator, shown.member, Member(shown.id, shown.username))
        for person in people:
            if person and person.id and person.username:
                known[person.id] = f"trello:{person.username.lower()}"
    return known


# --- acts -------------------------------------------------------------------------------------


def _acts(action: Action, known: Mapping[str, str], names: Mapping[str, str]) -> Iterator[Act]:
    """What the action tells; those on the board as a whole are no act on a card."""
    card = action.data.card.id if action.data and action.data.card else None
    actor = _address(action.member_creator, action.id_member_creator, known)
    if action.type is None or action.data is None or card is None or actor is None:
        return
    at, key, item = utc(action.date), f"work:trello:{action.id}", f"trello:{card}"
    name = action.member_creator.username if action.member_creator else None
    is_automated = is_machine_name(name)
    other = _address(
        action.member, (action.data.member and action.data.member.id) or action.data.idMember, known
    )
    if action.type == _GIVE and other and other != actor:
        yield Act(
            key, "assignment", at, actor, "author", "assignee", (other,),
            container=item, is_automated=is_automated,
        )  # fmt: skip
        return
    is_comment = action.type in _COMMENT
    kind = "comment" if is_comment else "create" if action.type in _CREATE else "change"
    if action.type == "updateCard" and (
        action.data.listAfter or "closed" in (action.data.old or {})
    ):
        kind = "status"
    yield Act(
        key, kind, at, actor, "commenter" if is_comment else "author",
        container=item, is_automated=is_automated,
    )  # fmt: skip
    if is_comment and (called := mentioned(action.data.text, names)):
        yield Act(
            f"{key}:mention", "mention", at, actor, "author", "mentioned",
            tuple(names[name] for name in called), container=item, is_automated=is_automated,
        )  # fmt: skip


def _address(member: Member | None, number: str | None, known: Mapping[str, str]) -> str | None:
    if member and member.username:
        return f"trello:{member.username.lower()}"
    number = number or (member.id if member else None)
    return known.get(number, f"trello:{number}") if number else None


SOURCE = Source(
    name="trello",
    title="Trello board (JSON export) or actions (API)",
    channel="work",
    how=(
        "Board > menu > Print, export and share > Export as JSON (the last 1,000 actions); "
        "or pages of /1/boards/ID/actions?limit=1000"
    ),
    reads=(
        "actions: id, type, date, idMemberCreator, data.card.id, whom a card was given to, "
        "user names mentioned",
        "members: id, username",
    ),
    sniff=sniff,
    read=read,
)
