# YAML
Y101 = двоеточие с пробелом внутри текста
    .hint = возьмите весь текст в кавычки
Y102 = текст начинается с «{ $c }», YAML понимает это по-своему
    .hint = возьмите в кавычки
Y103 = всё после « #» пропадёт: «{ $lost }»
    .hint = кавычки, или пробел после #, если это комментарий
Y104 = табуляция в отступе
    .hint = пробелы, вровень с соседними ключами
Y105 = ключ «{ $key }» уже есть в строке { $line }
    .related = первый раз здесь
Y106 = якоря, ссылки, << и теги (!x) здесь не нужны
    .hint = вынесите общее в подсценарий или texts
Y107 = в файле второй документ (---)
Y108 = файл не в UTF-8 (похоже на { $enc })
    .hint = сохраните как UTF-8
Y109 = неизвестный ключ «{ $key }»
    .hint = может быть, «{ $near }»?
Y110 = нет обязательного «{ $key }»
Y111 = здесь { $want }, а { $got }
    .hint-list = { $list }
Y112 = не понимаю { $what } «{ $value }»
    .hint = пример: { $example }
    .hint-near = может быть, «{ $near }»?
    .hint-bounds = от { $min } до { $max }
Y113 = внутри {"{"} {"}"} или [ ] запятая делит текст: «{ $lost }»
    .hint = кавычки или отдельные строки
Y114 = файл { $path } никто не читает
    .hint = сохраните его как { $meant }
Y199 = YAML не читается: { $reason }

# Сценарии
F201 = { $n ->
    [0] здесь нет действия
    [one] в шаге { $n } действие: { $verbs }
    [few] в шаге { $n } действия: { $verbs }
   *[other] в шаге { $n } действий: { $verbs }
 }
    .hint = { $n ->
        [0] добавьте одно
       *[other] оставьте одно, остальные сделайте шагами
     }
F202 = имя «{ $id }» уже занято в строке { $line }
    .related = занято здесь
F203 = нет шага или ветки «{ $id }»
    .hint = похоже на «{ $near }»
F204 = до шага никогда не дойти: { $why }
    .hint = { $advice }
    .related = разговор уходит здесь
F205 = слот «{ $slot }» уже спрашивают в строке { $line }
    .hint = повторно: goto { $slot }
    .related = спрашивают здесь
F206 = круг без { $missing }: { $path }
F207 = сценарий вызывает сам себя: { $path }
F208 = вариант без when закрывает остальные
    .hint = переставьте его последним
F209 = слова «{ $words }» запускают и { $a }, и { $b }: начнётся всегда { $a }, он первый по алфавиту
    .related = те же слова здесь
F210 = { $n ->
    [one] шага «{ $id }» больше нет, а на нём стоит { $n } беседа
    [few] шага «{ $id }» больше нет, а на нём стоят { $n } беседы
   *[other] шага «{ $id }» больше нет, а на нём стоит { $n } бесед
 }
    .hint = добавьте was: [{ $id }] к новому шагу
F211 = «{ $label }» подходит двум вариантам: { $a }, { $b }
F212 = по слову «{ $unit }» число подойдёт слотам { $a } и { $b }
    .related = другой слот здесь
F213 = границы пусты: { $min } больше { $max }
F214 = слот «{ $slot }» в другом сценарии имеет тип { $type } ({ $file }:{ $line })
    .related = другой тип здесь
F215 = «{ $start }» запускает и { $a }, и { $b }: { $b } так не начнётся никогда
    .hint = оставьте в одном из них или поставьте { $a } условие start.when
    .related = уже занято здесь
F216 = первое сообщение запускает и { $a }, и { $b }: начнётся всегда { $a }, он первый по алфавиту
    .hint = оставьте first_message в одном из них или поставьте { $a } условие start.when
    .related = первым начинается этот
F217 = команду { $command } бот понимает сам: сценарий по ней не начнётся
    .hint = возьмите другую; новый клиент начинает со сценария, в котором first_message: true
F218 = сценарий { $flow } ничто не запускает: в start ничего нет, и другие сценарии и цепочки на него не ведут
    .hint = вызовите его шагом call, назовите в кнопке (flow { $flow }) или дайте ему start

# Выражения
X301 = неизвестное имя «{ $name }»
    .hint = может быть, «{ $near }»{ $at ->
        [0] {""}
       *[other] {" "}(строка { $at })
     }?
    .related = похожее имя здесь
X302 = у «{ $slot }» нет варианта «{ $value }»
    .hint = есть: { $options }
X303 = нельзя сравнить { $a } и { $b }
X304 = and и or рядом
    .hint = поставьте скобки
X305 = цепочка сравнений
    .hint = { $a } < x and x < { $b }
X306 = в «{ $name }» смешаны русские и латинские буквы: «{ $letter }»
X307 = здесь выражение, фигурные скобки не нужны
X308 = when должно быть «да или нет», а это { $type }
X309 = условие всегда { $value }
X310 = «{ $name }» здесь может быть пусто, тогда условие ложно
    .hint = has({ $name })
X311 = не понимаю «{ $token }»
    .hint = ждал { $want }
X312 = «{ $a }» и «{ $b }» вместе не бывает: так это условие не выполнится никогда
    .hint = если довольно одного из двух, поставьте or

# Тексты
T401 = «{ $name }» здесь может быть пусто{ $path ->
    [none] {""}
   *[other] {" "}({ $path })
 }
    .hint = «{"{"}{ $name } | запас{"}"}»
T403 = форм слова { $n }, а нужно { $want } ({ $lang })
T404 = нет перевода на { $lang }
T405 = пустой текст
T406 = цена «{ $value }» написана руками и не найдена в каталоге
T407 = незакрытая «{"{"}»

# Пределы
L501 = { $n ->
    [one] { $n } знак
    [few] { $n } знака
   *[other] { $n } знаков
 } из { $max } для { $channel }: уйдёт { $k ->
    [one] { $k } сообщением
   *[other] { $k } сообщениями
 }
L502 = «{ $label }» не помещается на кнопку { $channel } ({ $max })
L503 = { $n ->
    [one] { $n } кнопка
    [few] { $n } кнопки
   *[other] { $n } кнопок
 }, { $channel } показывает { $max }: станут списком с номерами
L504 = нет файла { $path } или он больше { $max }
L505 = фото «{ $slot }» прислать неоткуда: в чате на сайте файлов не шлют
    .hint = добавьте skip или otherwise

# Цепочки
S551 = again { $again } короче самой цепочки ({ $length })
S552 = часы { $hours } целиком в тихих часах { $quiet }
S553 = { $channel } закроет окно до шага «{ $id }», шаблона нет
    .hint = closed_window: template …
S554 = цель { $fact } недостижима: её никто не порождает
S555 = шаги «{ $a }» и «{ $b }» не уместятся в { $limit } в день
S556 = around — дата или дата со временем, а здесь { $type }
S557 = before считают до момента, а around не сказан
    .hint = around: order.due
S558 = в around день без часа, а у шага «{ $id }» нет at
    .hint = at: 18:00
S559 = шаг «{ $b }» наступит раньше шага «{ $a }», который стоит выше
S560 = окно закроется через { $hours } ч после ответа, а цепочка молчит столько же или дольше: шаг не уйдёт никогда
    .hint = on_reply: pause 2h
S561 = при этом условии цепочка уже кончилась: такое же стоит в leave
S562 = цепочки начинают друг друга без конца: { $path }
S563 = до этого шага { $length }, а цепочка длится не дольше { $max }
    .hint = поставьте срок короче
S564 = у рекламы нет { $missing }, а закон о рекламе этого требует
    .hint = впишите: { $example }
S565 = цель { $fact } — то же самое, с чего цепочка начинается
    .hint = назовите целью то, ради чего вы пишете, например order.placed

# Оценка лида
P571 = пороги перепутаны: { $a } и { $b }
P572 = до «горячего» не набрать: максимум { $max } из { $hot }
P573 = неизвестный факт «{ $fact }»
    .hint = может быть, «{ $near }»?
P574 = в caps нет правила «{ $rule }»
P575 = правила «{ $a }» и «{ $b }» об одном и том же, баллы спорят

# Настройки
C601 = ${ $name } нет в .env
C602 = ключ записан прямо в файле
    .hint = перенесите в .env, здесь оставьте $ИМЯ
C603 = неизвестный канал «{ $kind }»
    .hint = есть: { $kinds }
C604 = сценарий просит контакты, а contact.consent пуст (152-ФЗ)
C605 = { $to } нет в team
C606 = часы пересекаются: { $a }, { $b }
    .related = с этими
C607 = домен { $domain } уже занят: { $other }
    .related = здесь
C608 = цвет { $color } на белом не прочесть: контраст { $ratio } из 4.5
    .hint = на светлых страницах вместо него стоит { $near }
C609 = { $hour } бывает не каждый день: когда часы переводят вперёд, сводка придёт в { $then }
C610 = владелец { $to } — группа: в чате никто не может менять настройки и ставить бота на паузу
    .hint = назовите владельцем и человека: его номер в Telegram
C611 = письма сюда некому отправить: почтовый сервер не указан
    .hint = оператор указывает его при запуске (VORONKA_SMTP_HOST); укажите его и для проверки

# Каталог, знания, обучение
K701 = строка { $n }: нет { $column }
K702 = артикул { $id } повторяется (строка { $n })
K703 = не понимаю цену «{ $value }»
    .hint = одно число: 1490 или 1 490,50
K704 = страница устарела { $date }, в ответы не идёт
K705 = нет товара { $id }
K706 = right «{ $id }» нет среди answers
K707 = { $id } — БАД, а номера свидетельства о государственной регистрации нет
    .hint = впишите номер в столбец sgr; без регистрации БАД продавать нельзя

# Проверки
Z801 = ждали { $want }, получили { $got } (беседа ниже)
Z802 = шаг ни разу не пройден тестом

# Слова, которые встают на место аргументов: типы
type-yes_no = «да или нет»
type-number = число
type-money = сумма
type-text = текст
type-choice = вариант
type-choices = несколько вариантов
type-date = дата
type-time = время
type-datetime = дата со временем
type-period = срок
kind-yes_no = «да или нет»
kind-number = число
kind-money = сумма
kind-text = текст
kind-choice = вариант
kind-choices = варианты
kind-date = дата
kind-time = время
kind-datetime = дата со временем
kind-period = срок
compared-yes_no = «да или нет»
compared-number = число
compared-money = сумму
compared-text = текст
compared-choice = вариант
compared-choices = несколько вариантов
compared-date = дату
compared-time = время
compared-datetime = дату со временем
compared-period = срок

# Чего ждали в YAML и что стоит
node-mapping = нужны ключи со значениями
node-list = нужен список
node-text = нужен текст
node-options = нужны варианты
node-account = нужны настройки аккаунта
node-weights = нужны доли вариантов
node-expression = нужно выражение
found-nothing = ничего нет
found-text = стоит текст
found-list = стоит список
found-mapping = стоят ключи со значениями

# Что не поняли
thing-account-id = имя аккаунта
thing-ads = разрешение на рекламу
thing-attribute = поле клиента
thing-audience = читателей страницы
thing-boolean = признак (true или false)
thing-color = цвет
thing-command = команду
thing-domain = домен
thing-contact = вид контакта
thing-country = страну
thing-currency = валюту
thing-date = дату
thing-duration = длительность
thing-email = адрес почты
thing-encoding = кодировку
thing-except = исключение
thing-flow-id = имя сценария (латинские буквы, цифры, _ и -)
thing-gender = род
thing-hours = часы
thing-language = язык
thing-link = имя ссылки
thing-moment = дату и время
thing-money = сумму
thing-order-state = состояние заказа
thing-outcome = исход
thing-owner = того, кто ведёт беседу
thing-pattern = образец
thing-period = срок
thing-picture = картинку
thing-points = баллы
thing-range = границы
thing-reaction = реакцию
thing-role = роль
thing-sequence = число шагов цепочки
thing-sequence-id = имя цепочки
thing-slot = имя слота (одно слово из букв, цифр и _)
thing-target = переход
thing-temperature = температуру
thing-time = время
thing-version = номер или дату согласия
thing-updates = способ получать события
thing-url = адрес
thing-weekdays = дни недели
thing-whole = целое число
thing-wire = протокол
thing-zone = часовой пояс

# Чего ждали в выражении
token-value = значение
token-name = имя
token-operator = знак действия или сравнения
token-fact = факт
token-at-most = не больше { $rest }

lack-wait = шага, который ждёт клиента
lack-exit = выхода
lack-erid = маркера erid
lack-advertiser = имени рекламодателя
lack-both = ни имени рекламодателя, ни маркера erid
why-goto = шаг выше всегда уходит по goto
why-end = шаг выше всегда кончает разговор
why-branch = все ветви branch выше уходят в другие места
why-part = на эту ветку ничто не ведёт
why-circle = на эту ветку ведут только шаги, до которых тоже не дойти
advice-goto = поставьте переходу when или перенесите шаги в parts
advice-end = поставьте end условие when или перенесите шаги в parts
advice-branch = уберите ветвь без when или перенесите шаги в parts
advice-part = назовите её в goto, otherwise или кнопке либо уберите
advice-circle = назовите её в goto, otherwise или кнопке там, куда разговор доходит, либо уберите
lang-ru = русский
lang-en = английский
truth-true = верно
truth-false = ложно
column-id = артикула
column-name = названия
column-price = цены

# Почему YAML не читается
reason-glued = нет пробела после { $rest }
reason-size = больше { $rest }
reason-deep = вложено глубже { $rest }
reason-many = слишком много: больше { $rest }
reason-quote = кавычка не закрыта
reason-quote-rest = после закрытой кавычки что-то стоит
reason-quote-escape = в двойных кавычках косая черта \ стоит перед лишним знаком; возьмите одинарные
reason-bracket = скобка { $rest } не закрыта
reason-bracket-other = скобки разные: { $rest }
reason-bracket-stray = лишняя скобка
reason-indent = отступ не тот, что у соседних строк
reason-value = двоеточие там, где его быть не может: строка сдвинута не туда, или текст не в кавычках
reason-key = нет двоеточия после ключа
reason-flow = внутри скобок ждал запятую или закрывающую скобку
reason-dash = «-» там, где списка быть не может

# Вокруг
check-warning = предупреждение: { $text }
check-related = смотрите здесь
check-totals = Ошибок: { $errors }, предупреждений: { $warnings }.
check-next = Исправьте и проверьте снова: voronka check { $dir }
check-next-fix = { $count ->
    [one] { $count } ошибку
    [few] { $count } ошибки
   *[other] { $count } ошибок
 } исправит сама команда: voronka check { $dir } --fix
check-next-keys = Не хватает только ключей: впишите их в .env рядом с config.yaml. Проверить без них: voronka check { $dir } --without-keys
check-clean = Ошибок нет: проверено партнёров { $count }, предупреждений { $warnings }.
check-clean-keys = Ошибок нет: проверено партнёров { $count }, предупреждений { $warnings }. Ключи не проверялись.
check-next-chat = Дальше: voronka chat { $dir }
check-next-run = Дальше: voronka run --partners { $dir }
check-fixed = исправлено { $place }
check-fixed-none = Исправлять нечего: кавычками и пробелами здесь не помочь.
check-unreadable-hint = остальные папки проверены
folder-link = { $path } ведёт за пределы папки партнёра или на другую папку
folder-name = имя файла { $path } не в UTF-8
folder-too-many = { $path }: файлов или вложенных папок слишком много
folder-id = имя папки { $path } не годится для партнёра: латинские буквы, цифры и дефис
folder-partner-id = {$path}: PARTNER_ID — это от 1 до 50 знаков a-z, 0-9, _ и -
folder-variable = {$path}: {$name} должен быть адресом сайта, например https://example.ru
folder-env-line = { $path }/.env, строка { $line }: нужно ИМЯ=значение
folder-env-long = { $path }/.env длиннее 64 КиБ
folder-env-text = { $path }/.env не в UTF-8
folder-write = файл { $path } не записан: { $cause }

channel-telegram = Telegram
channel-web = чат на сайте
channel-whatsapp = WhatsApp
channel-vk = ВКонтакте
channel-avito = Авито
channel-instagram = Instagram
channel-max = MAX
channel-alice = Алиса
channel-of-telegram = Telegram
channel-of-web = чата на сайте
channel-of-whatsapp = WhatsApp
channel-of-vk = ВКонтакте
channel-of-avito = Авито
channel-of-instagram = Instagram
channel-of-max = MAX
channel-of-alice = Алисы
said-silence = молчание
said-an-answer = ответ
said-no-buttons = сообщение без кнопок
said-nothing = ничего
said-no-page = ответ без страницы
said-an-order = заказ
said-quiet-hours = тишину в тихие часы
said-one-answer = один ответ, без повтора
said-no-braces = текст без {"{"} {"}"}
