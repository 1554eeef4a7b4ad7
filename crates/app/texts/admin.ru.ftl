# Страница владельца.
place-chats = Диалоги
place-leads = Лиды
place-orders = Заказы
place-more = Ещё
places = Разделы
skip = К содержанию
other-language = English
csv = Скачать таблицей (CSV)
csv-when = Когда
csv-name = Имя
csv-phone = Телефон
csv-owner = Кто отвечает
csv-heat = Температура
csv-score = Баллы
csv-last = Последние слова
csv-question = Вопрос
csv-answer = Ответ
csv-state = Состояние
csv-due = На день
csv-sum = Сумма
csv-goods = Состав
csv-note = Примечание
keys = Клавиши
key-search = поиск
key-rows = по списку вниз и вверх
key-open = открыть
key-places = Диалоги, Лиды, Заказы, Ещё
key-send = отправить ответ
key-close = закрыть
key-help = эта подсказка
close = Закрыть
undo = Отменить
next = Что сделать
next-answer = Ответьте: клиент ждёт человека.
next-return = Клиент возвращает заказ { $number }: договоритесь с ним.
next-start = Возьмите в работу заказ { $number }.
next-payment = Заказ { $number } ждёт оплаты: напомните о ней.
next-ready = Заказ { $number } готов: договоритесь о выдаче.
next-draft = Заказ { $number } не подтверждён: спросите, что мешает.
next-call = Позвоните: лид горячий, телефон есть.
next-write = Напишите: лид горячий, а телефона ещё нет.
next-offer-call = Предложите товар: можно позвонить.
next-offer = Ответьте на вопросы и предложите товар.
next-wait = Ничего не нужно: разговор ведёт бот.
switch-partner = Бизнес
search = Поиск
search-chats = Имя или слова
search-leads = Имя, телефон, слова
search-orders = Номер, имя, телефон, товар
find = Найти
filters = Отбор
first-page = ← К началу
next-page = Дальше →
today = сегодня
yesterday = вчера
tomorrow = завтра
no-name = Гость { $mark }
badge-chats = { $n ->
    [one] { $n } диалог ждёт человека
    [few] { $n } диалога ждут человека
   *[many] { $n } диалогов ждут человека
}
badge-leads = { $n ->
    [one] { $n } горячий лид
    [few] { $n } горячих лида
   *[many] { $n } горячих лидов
}
live-lost = Нет связи с сервером. Страница обновится, когда связь вернётся.
new-message = Новое сообщение

heat-hot = Горячий
heat-warm = Тёплый
heat-cold = Холодный
filter-hot = Горячие
filter-warm = Тёплые
filter-cold = Холодные
score-of = { $n ->
    [one] { $n } балл
    [few] { $n } балла
   *[many] { $n } баллов
}

owner-all = Все
owner-bot = Отвечает бот
owner-person = Отвечает человек
owner-nobody = Ждёт человека
owner-held = Отвечает { $name }
filter-nobody = Ждут человека
filter-person = У людей
filter-bot = У бота
unread = { $n ->
    [one] { $n } непрочитанное сообщение
    [few] { $n } непрочитанных сообщения
   *[many] { $n } непрочитанных сообщений
}
account-telegram = Telegram
account-web = Сайт
account-vk = ВКонтакте
account-whatsapp = WhatsApp
account-avito = Авито
account-max = MAX

chats-empty = Диалогов пока нет.
chats-empty-do = Напишите боту сами или откройте чат на сайте: диалог появится здесь сразу.
chats-not-found = Ничего не нашлось.
chats-not-found-do = Попробуйте другие слова или снимите отбор.
show-all = Показать все
chat-choose = Выберите диалог
chat-choose-do = Клавиши: j и k — по списку, Enter — открыть, / — поиск.
chat-title = Диалог
back-to-list = К списку
chat-view-lead = Карточка
chat-view-messages = Сообщения
messages = Сообщения
earlier = Показать более ранние
author-customer = Клиент
author-bot = Бот
file-picture = Фото от клиента
file-keep = Скачать файл
author-person = Сотрудник
take = Взять диалог
give-back = Вернуть боту
handled = Прочитано
wrong = Ответ неверный
wrong-marked = Отмечен как неверный
note = Заметка
note-do = Сохранить как заметку: её видит только команда
note-of = Заметка, { $name }
note-empty = Заметка пустая: напишите хотя бы слово.
note-long = { $n ->
    [one] В заметке { $n } знак, а можно не больше 2000. Сократите её.
    [few] В заметке { $n } знака, а можно не больше 2000. Сократите её.
   *[many] В заметке { $n } знаков, а можно не больше 2000. Сократите её.
}
reply = Ответ
reply-placeholder = Напишите клиенту…
reply-send = Отправить
reply-keys = Ctrl + Enter — отправить
reply-empty = Ответ пустой: напишите хотя бы слово.
reply-long = { $n ->
    [one] В ответе { $n } знак, а можно не больше 4000. Сократите или отправьте двумя.
    [few] В ответе { $n } знака, а можно не больше 4000. Сократите или отправьте двумя.
   *[many] В ответе { $n } знаков, а можно не больше 4000. Сократите или отправьте двумя.
}
reply-failed = Ответ не отправлен: очередь сейчас не принимает. Текст сохранён, нажмите «Отправить» ещё раз.
note-failed = Заметка не сохранена: очередь сейчас не принимает. Текст на месте, нажмите «Заметка» ещё раз.
hint-bot = Отвечает бот. Ваш ответ возьмёт диалог на вас, и бот замолчит.
hint-nobody = Клиент ждёт человека. Ваш ответ возьмёт диалог на вас.
hint-person = Отвечаете вы, бот молчит.
hint-held = Отвечает { $name }, бот молчит. Ваш ответ возьмёт диалог на вас.

basis = Основание
basis-pages = { $n ->
    [one] { $n } страница
    [few] { $n } страницы
   *[many] { $n } страниц
}
basis-tools = { $n ->
    [one] { $n } инструмент
    [few] { $n } инструмента
   *[many] { $n } инструментов
}
basis-page = Страница «{ $name }»
basis-none = Без страниц и инструментов
basis-failed = Модель не ответила
basis-failed-line = Бот ответил без модели.
tool-show-products = Инструмент: показать товары
tool-find-products = Инструмент: поиск по каталогу
tool-add-to-cart = Инструмент: положить в корзину
tool-place-order = Инструмент: показать заказ
tool-fill = Инструмент: ответ на вопрос сценария
tool-start-flow = Инструмент: начать сценарий
tool-hand-off = Инструмент: позвать человека
tool-ask-contact = Инструмент: спросить телефон
worded-model = Слова: модель
worded-catalogue = Слова: из каталога, без модели
worded-passages = Слова: со страницы, без модели

lead = Лид
lead-why = Почему
lead-no-why = Пока мало известно: оценка растёт с каждым шагом клиента.
lead-contacts = Контакты
lead-no-contacts = Телефона ещё нет. Бот попросит его сам, с согласием.
lead-orders = Заказы
lead-no-orders = Заказов ещё нет.
lead-history = Что было
lead-no-history = Ничего примечательного.
lead-source = Откуда
lead-segment = Сегмент
lead-stage = Этап
person = Этот же человек
person-split = Отделить этот диалог
person-split-do = Каждому останется ровно своё, и по контакту их больше не объединят
person-perhaps = Тот же контакт оставляли и в другом диалоге. Сначала спросите: номер мог набрать кто угодно, и он мог перейти к другому.
person-perhaps-title = Возможно, тот же человек
person-same = Один человек
person-not-same = Разные люди
call = Позвонить
call-to = Позвонить { $phone }
open-chat = Открыть диалог
write = Написать
leads-empty = Лидов пока нет.
leads-empty-do = Каждый, кто напишет боту, станет лидом с оценкой.
leads-not-found = Таких лидов нет.

orders-open = Открытые
orders-over = Завершённые
orders-drafts = Черновики
orders-all = Все
views = Вид
view-board = Доска
view-list = Список
board-cut = На доске последние 100 заказов, остальные в списке.
orders-empty = Открытых заказов нет.
orders-empty-do = Заказ появится здесь, когда клиент его подтвердит.
orders-not-found = Таких заказов нет.
col-new = Новые
col-paid = Оплачены
col-work = В работе
col-out = Отдаём
col-back = Возвраты
col-empty = Пусто
due = на { $day }
overdue = день прошёл
order = Заказ
order-n = Заказ { $number }
other-moves = Ещё действия
state-draft = Черновик
state-placed = Новый
state-awaiting-payment = Ждёт оплаты
state-paid = Оплачен
state-in-progress = В работе
state-shipped = В доставке
state-ready = Готов к выдаче
state-completed = Выдан
state-cancelled = Отменён
state-refunded = Деньги вернули
state-return-requested = Просят вернуть
state-returned = Возвращён
move-ask-payment = Ждать оплату
move-mark-paid = Отметить оплату
move-start = Взять в работу
move-ship = Передать в доставку
move-make-ready = Готов к выдаче
move-complete = Выдан
move-cancel = Отменить
move-refund = Вернуть деньги
move-request-return = Клиент возвращает
move-take-back = Товар вернулся
ask-cancel = Заказ { $number } закроется, и клиент получит сообщение об отмене. Вернуть его нельзя: клиенту придётся заказать заново.
ask-refund = Заказ { $number } закроется, и клиент получит сообщение о возврате денег. Сами деньги верните там, где их приняли. Отменить это нельзя.
ask-yes-cancel = Отменить заказ
ask-yes-refund = Деньги возвращены

paused = Бот на паузе
paused-wait = { $n ->
    [one] { $n } диалог ждёт ответа.
    [few] { $n } диалога ждут ответа.
   *[many] { $n } диалогов ждут ответа.
}
paused-do = Бот никому не отвечает; сообщения сохраняются. Когда пауза кончится, он ответит на то, чем не занялся человек.
paused-end = Снять с паузы
paused-owner = Снять паузу может владелец.
figures = Сегодня
fig-waiting = Ждут человека
fig-hot = Горячие лиды
fig-orders = Заказы
fig-revenue = Сумма заказов
fig-customers = Написали
fig-unanswered = Вопросы без ответа
fig-blocked = Остановлено фраз модели
week-ago-n = неделю назад { $n }
week-ago-sum = неделю назад { $sum }
now = сейчас
sub-more = Сегодня
sub-questions = Вопросы
sub-settings = Настройки
questions-unanswered = Без ответа
questions-unanswered-do = На это бот не нашёл ответа. Допишите страницу в knowledge, и в следующий раз он ответит сам.
questions-unanswered-empty = Без ответа никто не остался.
questions-unanswered-empty-do = Если бот чего-то не найдёт, вопрос появится здесь, а клиенту ответит человек.
questions-wrong = Неверные ответы
questions-wrong-do = Эти ответы вы отметили как неверные. Исправьте страницу в knowledge или товар, на которых они стоят.
questions-wrong-empty = Неверных ответов нет.
questions-wrong-empty-do = Если бот ошибётся, откройте диалог и нажмите под ответом «Ответ неверный»: он появится здесь.
question-forgotten = Вопрос не сохранился
wrong-by = отмечено: { $name }
sub-broadcasts = Рассылки
broadcasts-do = То, что вы сами пишете сразу многим.
broadcasts-empty = Рассылок пока нет.
broadcasts-empty-do = Рассылка — файл в папке sequences, у которого enter.fact — broadcast. Когда он появится, её можно будет посмотреть и отправить отсюда.
broadcasts-elsewhere = Здесь этот бизнес сейчас не обслуживается.
broadcasts-elsewhere-do = Он остановлен, или его обслуживает другой сервер: рассылки видны там.
broadcasts-paused = Пока она длится, рассылки ждут и ничего не отправляют.
broadcast-to = Кому:
meant = тем, у кого { $what }
meant-and = и
meant-cold = холодный
meant-warm = тёплый
meant-hot = горячий
meant-temperature-is = лид { $value }
meant-temperature-not = лид не { $value }
meant-stage-is = этап «{ $value }»
meant-stage-not = этап не «{ $value }»
meant-segment-is = группа «{ $value }»
meant-segment-not = группа не «{ $value }»
meant-score-from = баллов не меньше { $value }
meant-score-below = баллов меньше { $value }
broadcast-to-all = всем, кто писал
broadcast-ad = реклама
broadcast-new = Не отправлялась
broadcast-sending = Отправляется
broadcast-stopping = Останавливается
broadcast-sent = Отправлена
broadcast-stopped = Остановлена
broadcast-met = { $n ->
    [one] Проверен { $n } клиент.
    [few] Проверено { $n } клиента.
   *[many] Проверено { $n } клиентов.
}
broadcast-ends = В таком темпе закончим примерно к { $at }.
broadcast-begun = Начата { $at }.
broadcast-got = Отправляли
broadcast-got-step = Отправляли «{ $step }»
broadcast-waits = Ждут своей очереди, утра или следующего сообщения
broadcast-barred = Не отправлено: писать им нельзя
broadcast-barred-step = Не отправлено «{ $step }»: писать им нельзя
broadcast-outcome-goal = Сделали то, ради чего писали
broadcast-outcome-stopped = Остановлено или просили не писать
broadcast-outcome-unreachable = Закрыли бота
broadcast-outcome-left = Вышли из рассылки
broadcast-going = Как идёт
broadcast-start = Отправить
broadcast-go-on = Отправить тем, у кого её нет
broadcast-ask = Её получат все, кому она предназначена и кому можно писать; у кого сейчас ночь — утром. Отправленное не вернуть. Сначала посмотрите, сколько их.
broadcast-yes = Отправить всем
broadcast-stop = Остановить
broadcast-stop-do = До кого очередь не дошла, тот не получит; не уйдёт и то, что уже ждёт отправки. Потом можно продолжить со всех, у кого её нет.
broadcast-says = Что получат
broadcast-test-to = Кому
broadcast-test = Отправить на просмотр
broadcast-said-shown = Отправлено на просмотр: посмотрите в мессенджере.
broadcast-said-no-way = Этому человеку написать нельзя: у него в team нет аккаунта, который обслуживается.
broadcast-said-not-shown = Мессенджер не принял сообщение: возможно, этот человек ещё не писал боту.
outlook = Кто получит
outlook-do = Посчитаем, не отправляя: сколько человек получит её сейчас, сколько позже и сколько не получит.
outlook-count = Посчитать
outlook-now = Получат сразу
outlook-later = Позже: ночь, дневной предел или с клиентом говорит сотрудник
outlook-had = Уже получили
outlook-left-out = Не для них
outlook-barred = Писать нельзя
outlook-ad = Это реклама: она уйдёт только тем, кто на неё согласился.
outlook-busy = Мы уже считаем для этого бизнеса. Посмотрите через минуту.
outlook-many = Людей так много, что счёт занял бы больше времени, чем ждёт страница. Посчитает команда voronka broadcast preview.
settings-do = Настройки меняют в файлах: рядом с каждой её место.
settings-check = После правки проверьте файлы: voronka check.
settings-files = Файлы
setting-name = Название
setting-languages = Языки
setting-zone = Часовой пояс
setting-country = Страна
setting-currency = Валюта
setting-hours = Часы работы
setting-quiet-hours = Тихие часы
setting-links = Ссылки
setting-persona = Бот
setting-accounts = Каналы
setting-models = Модели
setting-budget = Бюджет моделей
setting-answer = Ответ
setting-contact = Контакты и согласие
setting-stages = Этапы
setting-limits = Сколько пишем первыми
setting-retention = Сколько храним
setting-team = Команда
setting-notify = Кому о чём сообщать
setting-digest = Сводка дня
setting-handoff = Когда бот возвращается
setting-texts = Свои фразы
setting-catalogue = Каталог
lines-n = { $n ->
    [one] { $n } строка
    [few] { $n } строки
   *[many] { $n } строк
}
file-do = Только для чтения: правят файл в папке партнёра.
file-cut = Показано начало файла.
me = За страницей
me-save = Это я
me-do = Это имя увидят коллеги в диалогах, которые вы взяли, и в заметках.
cohorts = Новички по неделям
quickness = За сколько приходит ответ
quickness-bot = Бот
quickness-person = Люди
quickness-do = За последние 30 дней.
notices = Уведомления
notices-empty = Уведомлений пока нет.
notices-empty-do = Здесь будет всё важное: контакты, заказы, просьбы позвать человека.
letters = Не обработано
letters-empty = Всё обработано.
letters-do = Эти события отложены, чтобы диалоги шли дальше. Причина записана рядом; сообщите её тому, кто ведёт сервер. Когда причина устранена, обработайте событие ещё раз: бот ответит, как если бы оно только что пришло.
letter-retry = Обработать ещё раз
letter-drop = Удалить
letter-ask-drop = Событие будет удалено навсегда: на то, что написал в нём клиент, бот не ответит. Вернуть его нельзя.
letter-yes-drop = Удалить событие
account = Канал

problem-not-found = Такой страницы нет.
problem-not-found-do = Возможно, адрес набран с ошибкой или у вас нет права на эту страницу.
problem-wrong-host = Этот адрес здесь не обслуживается.
problem-wrong-host-do = Откройте страницу по адресу localhost или 127.0.0.1.
problem-cross-site = Действие отклонено: его попросил другой сайт.
problem-cross-site-do = Откройте нужную страницу здесь и повторите.
problem-unreadable = Форму не удалось прочитать.
problem-unreadable-do = Обновите страницу и повторите.
problem-not-allowed = Этого уже нельзя сделать: за это время всё изменилось.
problem-not-allowed-do = Обновите страницу и посмотрите, что стало.
problem-busy = Сейчас не получилось, ничего не изменено.
problem-busy-do = Повторите через минуту.
problem-failed = Ошибка на сервере.
problem-failed-do = Она записана в журнал. Повторите позже.
problem-home = К диалогам

fact-activity-high = Много пишет
fact-link-clicked = Открыл ссылку
fact-contact-phone = Оставил телефон
fact-contact-email = Оставил почту
fact-contact-name = Назвал имя
fact-price-asked = Спросил цену
fact-cart-added = Выбрал товар { $product }
fact-order = Заказ: { $state }
fact-lead-hot = Лид стал горячим
fact-lead-warm = Лид стал тёплым
fact-lead-cold = Лид остыл
fact-stage = Этап «{ $stage }»
fact-flow-started = Начат сценарий «{ $flow }»
fact-flow-ended = Закончен сценарий «{ $flow }»
fact-sequence-entered = Начата цепочка «{ $sequence }»
fact-sequence-sent = Отправлен шаг цепочки «{ $sequence }»
fact-sequence-ended = Закончена цепочка «{ $sequence }»
fact-tagged = Метка «{ $tag }»
fact-segment = Сегмент «{ $segment }»
fact-segment-none = Больше ни в каком сегменте
fact-taken = Диалог взял человек: { $name }
fact-order-undone = Действие с заказом отменили: { $state }
fact-handoff = Передан человеку: { $cause }
fact-hand-back = Вернули боту
fact-person-answered = Человек ответил
fact-handoff-asked = Попросил человека
fact-complaint = Пожаловался
fact-tone-positive = Доволен
fact-tone-negative = Недоволен
fact-tone-angry = Сердится
fact-rating = Оценка { $n } из 5
fact-opt-out = Просит не писать
fact-opt-in = Снова разрешил писать
fact-consent-given = Согласие { $to }
fact-consent-refused = Отказ { $to }
consent-pd = на обработку контактов
consent-ads = на рекламу
consent-cross-border = на обработку за рубежом
fact-ad-suppressed = Реклама не отправлена: нет согласия
fact-answer-wrong = Ответ отмечен как неверный
fact-answer-blocked = Остановлена фраза модели: { $claim }
fact-unanswered = Вопрос без ответа
fact-undelivered = Сообщение не доставлено
answer-lost-blocked = Ответ не дошёл: клиент заблокировал бота
answer-lost-gone = Ответ не дошёл: аккаунт или чат клиента удалён
answer-lost-refused = Ответ не дошёл: мессенджер его не принял ({ $cause })
answer-lost-expired = Ответ не дошёл: его не удалось отправить вовремя
fact-expired = Сообщение не отправлено: опоздало или рассылку остановили
fact-merged = Один человек с другим аккаунтом, сказал(а)
fact-split = Снова отдельный человек, сказал(а)
fact-reachable-yes = Снова на связи
fact-reachable-blocked = Заблокировал бота
fact-reachable-gone = Аккаунт или чат удалён
cause-asked = попросил
cause-step = по сценарию
cause-failed = бот не справился
cause-model = так решила модель
cause-loop = бот повторялся
cause-media = прислал файл
claim-secret = повторяет инструкции
claim-price = цена
claim-number = число
claim-stock = наличие
claim-order = состояние заказа
claim-link = ссылка
claim-date = дата

standings = Все бизнесы
standings-span = За сколько дней
standings-order = По чему упорядочить
standings-days = { $n ->
    [one] { $n } день
    [few] { $n } дня
   *[other] { $n } дней
}
standings-leads = Новые клиенты
standings-orders = Заказы
standings-revenue = Сумма заказов
standings-conversations = Разговоры
standings-automation = Бот справился сам
standings-empty = Пока нет ни одного бизнеса
standings-more = И ещё { $n }: всех покажет команда partner top
standings-do = Разговоры: сколько клиентов писало в каждый из дней. День у каждого бизнеса — по его часам.
