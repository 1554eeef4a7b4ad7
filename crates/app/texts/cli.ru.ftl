cli = Воронка: бот продаж, который отвечает из знаний вашего бизнеса, ведёт до заказа и ничего не теряет
cli-json-logs = Журнал строками JSON
cli-log = Что писать в журнал, например info или voronka_engine=debug
cli-demo = Показать на себе: кондитерская «Корица» с чатом и страницей хозяйки, без ключей и настройки
cli-demo-port = Порт на этом компьютере
cli-demo-data = Папка для базы; по умолчанию ./voronka-demo
cli-run = Обслуживать партнёров из папки
cli-run-partners = Папка, где у каждого партнёра своя папка
cli-run-data = Папка для базы и индекса
cli-run-listen = Адрес, на котором слушать
cli-run-public-url = Адрес, по которому нас видно снаружи: для вебхуков
cli-check = Проверить файлы партнёров и показать все ошибки сразу
cli-check-dir = Папка партнёра или папка с партнёрами
cli-check-json = Строками JSON, для программ
cli-check-without-keys = Не спрашивать ключи: файлы проверяются, как если бы .env был заполнен
cli-check-fix = Поправить кавычки, табуляции и запятые, которые сбивают YAML, и показать, что изменилось
cli-test = Проиграть покупателей из tests/*.yaml и показать, где бот отвечает не так
cli-test-partner = Партнёр: имя папки в partners/ или путь к ней
cli-test-file = Один файл из tests/; без него все
cli-test-json = Строками JSON, для программ
cli-chat = Поговорить с ботом партнёра в терминале
cli-chat-partner = Партнёр: имя папки в partners/ или путь к ней
cli-chat-data = Папка для базы; без неё разговор нигде не остаётся
cli-chat-customer = Имя покупателя: у каждого своя беседа
cli-ask = Спросить базу знаний партнёра и увидеть, на чём держится ответ
cli-ask-partner = Партнёр: имя папки в partners/ или путь к ней
cli-ask-question = Вопрос
cli-ask-knowledge = Папка со страницами Markdown вместо партнёра
cli-ask-questions = Файл с вопросами, по одному в строке
cli-ask-top = Сколько отрывков показать, лучшие первыми
cli-ask-json = Строками JSON, для программ

demo-ready = Готово.
    Чат покупателя:    {$chat}
    Страница хозяйки:  {$admin}
    База:              {$data}
    Остановить: Ctrl+C
demo-without-model = Модели нет: ответы берутся прямо из страниц и каталога. Чтобы их пересказывала модель, задайте OPENAI_KEY (или OPENAI_BASE_URL для местного сервера) либо YANDEX_KEY и YANDEX_FOLDER.
run-ready = Обслуживаем { $count ->
    [one] {$count} партнёра
   *[other] {$count} партнёров
 } на {$address}
stopping = Останавливаемся: начатое доводится до конца…
indexing = Читаем страницы
chat-hint = Пишите сообщение и жмите Enter. Кнопки выбираются номером или словами. Выход: Ctrl+D
test-passed = Все проверки прошли: {$count}.
test-failed = Не прошло проверок: {$failed} из {$count}.
problem-no-tests = нет проверок: {$path}
problem-no-tests-hint = опишите разговор в файле tests/имя.yaml; пример: partners/korica/tests/tort.yaml
hint = подсказка: {$text}
error = ошибка
problem-port = порт {$port} занят
problem-port-hint = укажите другой: --port {$next}
problem-no-partners = в папке {$dir} нет ни одного партнёра
problem-no-partners-hint = создайте папку с файлом config.yaml или начните с voronka demo
problem-partner-missing = нет партнёра «{$partner}»
problem-partner-missing-hint = назовите папку партнёра, например partners/korica
problem-partner-broken = партнёр «{$partner}» не загружен: ошибок { $count }
problem-partner-broken-hint = voronka check {$dir} покажет все ошибки со строками
problem-store = база {$path} не открывается: {$cause}
problem-store-hint = закройте другую копию Воронки или укажите другую папку: --data
problem-store-full-hint = освободите место на диске или назовите другую папку: --data
problem-store-damaged-hint = файл не тронут; положите на его место резервную копию или назовите другую папку: --data
problem-store-failed-hint = у пользователя, от имени которого запущена Воронка, должно быть право записи в папку; или назовите другую: --data
problem-data = папку данных {$path} нельзя использовать: {$cause}
problem-folder = папка {$path} не читается: {$cause}
problem-account = аккаунт {$account} не запущен: {$cause}
problem-account-hint = проверьте раздел accounts в config.yaml и ключи в .env
problem-no-public-url = для вебхука нужен адрес, по которому нас видно снаружи
problem-no-public-url-hint = добавьте --public-url https://… или updates: polling
problem-no-question = нет вопроса
problem-no-question-hint = voronka ask korica "сколько хранится торт?"
ask-nothing = Ничего подходящего в базе знаний нет.
problem-address = адрес {$address} не занять: {$cause}
ask-page-plain = предупреждение: страница {$file} взята как простой текст, без шапки: {$cause}
ask-page-left-out = предупреждение: страница {$file} пропущена: {$cause}
reload-done = {$partner}: изменённые файлы проверены, отвечаем по ним
reload-broken = {$partner}: в изменённых файлах ошибок — {$count}; отвечаем по прежним. Покажет: voronka check {$dir}
reload-loses = {$partner}: в новом каталоге не стало {$lost} товаров из {$of}; отвечаем по прежним файлам. Если так и надо, выполните voronka partner restart {$partner}
cli-check-live = Сравнить с беседами, которые сейчас идут: не исчез ли шаг, на котором кто-то стоит
cli-check-data = Папка базы для --live
problem-schemas = схемы не записываются в {$path}: {$cause}
schemas-written = Записано схем: {$count}, в {$dir}
cli-schema = Записать JSON Schema для файлов партнёра: редактор будет подсказывать ключи
cli-schema-dir = Куда писать
