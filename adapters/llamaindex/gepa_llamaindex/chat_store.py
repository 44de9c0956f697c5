"""A conversation kept in a list, in place of a database, for the length of a rollout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.storage.chat_store.base_db import AsyncDBChatStore, MessageStatus
from pydantic import PrivateAttr


class ListChatStore(AsyncDBChatStore):
    """Does what LlamaIndex's SQL store does, without a database, a thread or an event loop of its own."""

    _rows: list[tuple[str, MessageStatus, ChatMessage]] = PrivateAttr(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        """The name that LlamaIndex knows the store by."""
        return "ListChatStore"

    @classmethod
    def holding(cls, conversations: Mapping[str, Sequence[ChatMessage]]) -> ListChatStore:
        """A store that begins with ``conversations``, by session."""
        store = cls()
        store._rows = [
            (key, MessageStatus.ACTIVE, message) for key, held in conversations.items() for message in held
        ]
        return store

    async def get_messages(
        self,
        key: str,
        status: MessageStatus | None = MessageStatus.ACTIVE,
        limit: int | None = None,
        offset: int | None = None,
    ) -> list[ChatMessage]:
        """The messages of a session, oldest first."""
        found = [self._rows[at][2] for at in self._positions(key, status)]
        found = found[offset or 0 :]
        return found if limit is None else found[:limit]

    async def count_messages(self, key: str, status: MessageStatus | None = MessageStatus.ACTIVE) -> int:
        """How many there are."""
        return len(self._positions(key, status))

    async def add_message(
        self, key: str, message: ChatMessage, status: MessageStatus = MessageStatus.ACTIVE
    ) -> None:
        """Append one."""
        self._rows.append((key, status, message))

    async def add_messages(
        self, key: str, messages: list[ChatMessage], status: MessageStatus = MessageStatus.ACTIVE
    ) -> None:
        """Append several."""
        self._rows.extend((key, status, message) for message in messages)

    async def set_messages(
        self, key: str, messages: list[ChatMessage], status: MessageStatus = MessageStatus.ACTIVE
    ) -> None:
        """Put these in place of all of the session's messages."""
        await self.delete_messages(key)
        await self.add_messages(key, messages, status)

    async def delete_message(self, key: str, idx: int) -> ChatMessage | None:
        """Take the message at a position out of the session."""
        positions = self._positions(key, None)
        return self._rows.pop(positions[idx])[2] if 0 <= idx < len(positions) else None

    async def delete_messages(self, key: str, status: MessageStatus | None = None) -> None:
        """Take all of a session's messages out."""
        gone = set(self._positions(key, status))
        self._rows = [row for at, row in enumerate(self._rows) if at not in gone]

    async def delete_oldest_messages(self, key: str, n: int) -> list[ChatMessage]:
        """Take the oldest active ones out."""
        oldest = self._positions(key, MessageStatus.ACTIVE)[:n]
        taken = [self._rows[at][2] for at in oldest]
        self._rows = [row for at, row in enumerate(self._rows) if at not in set(oldest)]
        return taken

    async def archive_oldest_messages(self, key: str, n: int) -> list[ChatMessage]:
        """Keep the oldest active ones as archived."""
        oldest = self._positions(key, MessageStatus.ACTIVE)[:n]
        for at in oldest:
            self._rows[at] = (key, MessageStatus.ARCHIVED, self._rows[at][2])
        return [self._rows[at][2] for at in oldest]

    async def get_keys(self) -> list[str]:
        """The sessions that have messages."""
        return list(dict.fromkeys(row[0] for row in self._rows))

    def _positions(self, key: str, status: MessageStatus | None) -> list[int]:
        return [
            at for at, row in enumerate(self._rows) if row[0] == key and (status is None or row[1] == status)
        ]
