"""A usual aiogram bot: webhook behind a reverse proxy, SQLAlchemy over asyncpg, answers by an LLM.

Environment: BOT_TOKEN, BOT_API, WEBHOOK_SECRET, HOST, PORT, DATABASE_URL, OPENAI_API_KEY, OPENAI_BASE_URL.
"""

import logging
import sys
from datetime import datetime
from os import environ

import uvloop
from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web
from openai import AsyncOpenAI
from sqlalchemy import BigInteger, Identity, Index, String, Text, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

WEBHOOK_PATH = "/webhook"
WEBHOOK_URL = f"http://{environ['HOST']}:{environ['PORT']}{WEBHOOK_PATH}"
PROMPT = "Вы консультант кондитерской. Отвечайте кратко и вежливо."
HISTORY = 10

router = Router()


class Base(DeclarativeBase):
    pass


class StoredMessage(Base):
    __tablename__ = "messages"
    __table_args__ = (Index("messages_of_a_chat", "chat_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    role: Mapped[str] = mapped_column(String(16))
    content: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


@router.message(F.text)
async def answer(message: Message, sessions: async_sessionmaker[AsyncSession], llm: AsyncOpenAI) -> None:
    async with sessions.begin() as session:
        session.add(StoredMessage(chat_id=message.chat.id, role="user", content=message.text))
        await session.flush()
        latest = await session.scalars(
            select(StoredMessage)
            .where(StoredMessage.chat_id == message.chat.id)
            .order_by(StoredMessage.id.desc())
            .limit(HISTORY)
        )
        history = [{"role": stored.role, "content": stored.content} for stored in latest]
    # No connection is held while the model thinks.
    completion = await llm.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "system", "content": PROMPT}, *reversed(history)],
    )
    text = completion.choices[0].message.content
    async with sessions.begin() as session:
        session.add(StoredMessage(chat_id=message.chat.id, role="assistant", content=text))
    await message.answer(text)


async def on_startup(bot: Bot, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await bot.set_webhook(WEBHOOK_URL, secret_token=environ["WEBHOOK_SECRET"])


async def on_shutdown(engine: AsyncEngine, llm: AsyncOpenAI) -> None:
    await llm.close()
    await engine.dispose()


def main() -> None:
    engine = create_async_engine(environ["DATABASE_URL"])
    dispatcher = Dispatcher(
        engine=engine,
        sessions=async_sessionmaker(engine, expire_on_commit=False),
        llm=AsyncOpenAI(),
    )
    dispatcher.include_router(router)
    dispatcher.startup.register(on_startup)
    dispatcher.shutdown.register(on_shutdown)

    session = AiohttpSession(api=TelegramAPIServer.from_base(environ["BOT_API"]))
    bot = Bot(environ["BOT_TOKEN"], session=session)

    app = web.Application()
    SimpleRequestHandler(dispatcher=dispatcher, bot=bot, secret_token=environ["WEBHOOK_SECRET"]).register(
        app, path=WEBHOOK_PATH
    )
    setup_application(app, dispatcher, bot=bot)
    web.run_app(app, host=environ["HOST"], port=int(environ["PORT"]), loop=uvloop.new_event_loop())


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stdout)
    main()
