# YAML
Y101 = ": " inside a text
    .hint = put the whole text in quotes
Y102 = a text starts with "{ $c }", which YAML reads as its own sign
    .hint = quote it
Y103 = everything after " #" is lost: "{ $lost }"
    .hint = quote it, or add a space after # for a comment
Y104 = tab in the indent
    .hint = spaces, in line with the neighbouring keys
Y105 = key "{ $key }" is already on line { $line }
    .related = first here
Y106 = anchors, aliases, << and tags are not used here
    .hint = share through a sub-flow or texts
Y107 = a second document (---) in the file
Y108 = not UTF-8 (looks like { $enc })
    .hint = save as UTF-8
Y109 = unknown key "{ $key }"
    .hint = did you mean "{ $near }"?
Y110 = "{ $key }" is missing
Y111 = expected { $want }, found { $got }
    .hint-list = { $list }
Y112 = cannot read { $what } "{ $value }"
    .hint = e.g. { $example }
    .hint-near = did you mean "{ $near }"?
    .hint-bounds = from { $min } to { $max }
Y113 = a comma inside {"{"} {"}"} or [ ] splits the text: "{ $lost }"
    .hint = quote it or use separate lines
Y114 = nobody reads the file { $path }
    .hint = save it as { $meant }
Y199 = YAML cannot be read: { $reason }

# Flows
F201 = { $n ->
    [0] there is no verb here
    [one] { $n } verb in one step: { $verbs }
   *[other] { $n } verbs in one step: { $verbs }
 }
    .hint = { $n ->
        [0] add one
       *[other] keep one, make steps of the rest
     }
F202 = id "{ $id }" is taken on line { $line }
    .related = taken here
F203 = no step or part "{ $id }"
    .hint = similar: "{ $near }"
F204 = unreachable: { $why }
    .hint = { $advice }
    .related = the conversation leaves here
F205 = slot "{ $slot }" is asked on line { $line }
    .hint = to ask again: goto { $slot }
    .related = asked here
F206 = a loop without { $missing }: { $path }
F207 = the flow calls itself: { $path }
F208 = an item without when hides the rest
    .hint = move it last
F209 = "{ $words }" start both { $a } and { $b }: always { $a } begins, the first by name
    .related = the same words are here
F210 = { $n ->
    [one] step "{ $id }" is gone, { $n } conversation stands there
   *[other] step "{ $id }" is gone, { $n } conversations stand there
 }
    .hint = add was: [{ $id }] to its heir
F211 = "{ $label }" fits two options: { $a }, { $b }
F212 = the word "{ $unit }" fits slots { $a } and { $b }
    .related = the other slot is here
F213 = empty bounds: { $min } above { $max }
F214 = slot "{ $slot }" has type { $type } in another flow ({ $file }:{ $line })
    .related = the other type is here
F215 = "{ $start }" starts both { $a } and { $b }: { $b } never begins by it
    .hint = leave it to one of them, or give { $a } a condition in start.when
    .related = taken here already
F216 = a first message starts both { $a } and { $b }: always { $a } begins, the first by name
    .hint = leave first_message to one of them, or give { $a } a condition in start.when
    .related = this one begins first
F217 = { $command } is a command of the bot's own: no flow starts by it
    .hint = take another one; new customers begin with the flow that says first_message: true
F218 = nothing starts the flow { $flow }: its start is empty, and no other flow or sequence leads to it
    .hint = call it, name it in a button (flow { $flow }), or give it a start

# Expressions
X301 = unknown name "{ $name }"
    .hint = did you mean "{ $near }"{ $at ->
        [0] {""}
       *[other] {" "}(line { $at })
     }?
    .related = the similar name is here
X302 = "{ $slot }" has no option "{ $value }"
    .hint = there are: { $options }
X303 = cannot compare { $a } with { $b }
X304 = and beside or
    .hint = add parentheses
X305 = chained comparison
    .hint = { $a } < x and x < { $b }
X306 = "{ $name }" mixes Cyrillic and Latin letters: "{ $letter }"
X307 = this is an expression, no braces
X308 = when must be yes or no, this is { $type }
X309 = the condition is always { $value }
X310 = "{ $name }" may be empty here, then it is false
    .hint = has({ $name })
X311 = unexpected "{ $token }"
    .hint = expected { $want }
X312 = "{ $a }" and "{ $b }" are never both true: this condition never holds
    .hint = where one of the two will do, write or

# Texts
T401 = "{ $name }" may be empty here{ $path ->
    [none] {""}
   *[other] {" "}({ $path })
 }
    .hint = "{"{"}{ $name } | default{"}"}"
T403 = { $n ->
    [one] { $n } word form
   *[other] { $n } word forms
 }, { $want } needed ({ $lang })
T404 = no { $lang } translation
T405 = empty text
T406 = price "{ $value }" is typed by hand and not in the catalogue
T407 = unclosed "{"{"}"

# Limits
L501 = { $n } of { $max } characters on { $channel }: goes as { $k ->
    [one] { $k } message
   *[other] { $k } messages
 }
L502 = "{ $label }" does not fit a { $channel } button ({ $max })
L503 = { $n ->
    [one] { $n } button
   *[other] { $n } buttons
 }, { $channel } shows { $max }: they become a numbered list
L504 = no file { $path }, or it is above { $max }
L505 = the photo "{ $slot }" can be sent from nowhere: visitors of the web chat send no files
    .hint = add skip or otherwise

# Sequences
S551 = again { $again } is shorter than the sequence ({ $length })
S552 = hours { $hours } lie within quiet hours { $quiet }
S553 = { $channel } closes its window before step "{ $id }", no template
    .hint = closed_window: template …
S554 = goal { $fact } cannot happen: nothing produces it
S555 = steps "{ $a }" and "{ $b }" exceed { $limit } a day
S556 = around is a date, or a date and a time; this is { $type }
S557 = before counts towards a moment, and there is no around
    .hint = around: order.due
S558 = around is a day without an hour, and step "{ $id }" has no at
    .hint = at: 18:00
S559 = step "{ $b }" comes before step "{ $a }" that stands above it
S560 = the window shuts { $hours } h after a reply, and the sequence is silent for as long or longer: the step never goes
    .hint = on_reply: pause 2h
S561 = the sequence has ended by then: leave says the same
S562 = sequences begin one another without end: { $path }
S563 = this step is { $length } away, and a sequence lasts { $max } at most
    .hint = make it shorter
S564 = the advertisement lacks { $missing }, which the law on advertising wants
    .hint = write: { $example }
S565 = the goal { $fact } is the very thing that begins the sequence
    .hint = name as the goal what you write for, such as order.placed

# Scoring
P571 = thresholds crossed: { $a } and { $b }
P572 = hot is out of reach: at most { $max } of { $hot }
P573 = unknown fact "{ $fact }"
    .hint = did you mean "{ $near }"?
P574 = caps name no rule "{ $rule }"
P575 = rules "{ $a }" and "{ $b }" share a condition, points oppose

# Settings
C601 = ${ $name } is not in .env
C602 = a secret is in the file
    .hint = move it to .env, leave $NAME
C603 = unknown channel "{ $kind }"
    .hint = there are: { $kinds }
C604 = a flow asks for contacts, contact.consent is empty (152-FZ)
C605 = { $to } is not in team
C606 = hours overlap: { $a }, { $b }
    .related = with these
C607 = domain { $domain } is taken already: { $other }
    .related = here
C608 = colour { $color } cannot be read on white: contrast { $ratio } of 4.5
    .hint = light pages show { $near } in its place
C609 = { $hour } is not on every day: when clocks go forward, the digest comes at { $then }
C610 = the owner { $to } is a group: nobody can change settings or pause the bot in the chat
    .hint = name a person as an owner as well: their number in Telegram
C611 = nobody can send mail here: no mail server is named
    .hint = the operator names it at the start (VORONKA_SMTP_HOST); name it for the check as well

# Catalogue, knowledge, training
K701 = row { $n }: no { $column }
K702 = id { $id } repeats (row { $n })
K703 = cannot read price "{ $value }"
    .hint = one number: 1490 or 1490.50
K704 = page expired on { $date }, not used in answers
K705 = no product { $id }
K706 = right "{ $id }" is not among answers
K707 = { $id } is a food supplement, and the number of its state registration is missing
    .hint = put the number into the column sgr; unregistered supplements may not be sold

# Tests
Z801 = expected { $want }, got { $got } (transcript below)
Z802 = no test ever reaches this step

# Words that stand for arguments: types
type-yes_no = yes or no
type-number = a number
type-money = an amount
type-text = text
type-choice = an option
type-choices = several options
type-date = a date
type-time = a time
type-datetime = a date and time
type-period = a period
kind-yes_no = yes_no
kind-number = number
kind-money = money
kind-text = text
kind-choice = choice
kind-choices = choices
kind-date = date
kind-time = time
kind-datetime = datetime
kind-period = period
compared-yes_no = yes or no
compared-number = a number
compared-money = an amount
compared-text = text
compared-choice = an option
compared-choices = several options
compared-date = a date
compared-time = a time
compared-datetime = a date and time
compared-period = a period

# What YAML should hold, and holds
node-mapping = keys with values
node-list = a list
node-text = text
node-options = options
node-account = an account's settings
node-weights = weights of variants
node-expression = an expression
found-nothing = nothing
found-text = text
found-list = a list
found-mapping = keys with values

# What was not understood
thing-account-id = account name
thing-ads = permission of ads
thing-attribute = customer field
thing-audience = readers of the page
thing-boolean = true or false
thing-color = colour
thing-command = command
thing-domain = host name
thing-contact = kind of contact
thing-country = country
thing-currency = currency
thing-date = date
thing-duration = duration
thing-email = e-mail address
thing-encoding = encoding
thing-except = exception
thing-flow-id = flow name (Latin letters, digits, _ and -)
thing-gender = gender
thing-hours = hours
thing-language = language
thing-link = link name
thing-moment = date and time
thing-money = amount
thing-order-state = state of an order
thing-outcome = outcome
thing-owner = who leads the conversation
thing-pattern = pattern
thing-period = period
thing-picture = picture
thing-points = points
thing-range = range
thing-reaction = reaction
thing-role = role
thing-sequence = number of steps
thing-sequence-id = sequence name
thing-slot = slot name (one word of letters, digits and _)
thing-target = target
thing-temperature = temperature
thing-time = time
thing-version = number or date of the consent
thing-updates = way of receiving events
thing-url = address
thing-weekdays = weekdays
thing-whole = whole number
thing-wire = protocol
thing-zone = time zone

# What an expression should hold
token-value = a value
token-name = a name
token-operator = an operator
token-fact = a fact
token-at-most = at most { $rest }

lack-wait = a step that waits for the customer
lack-exit = a way out
lack-erid = the token erid
lack-advertiser = the advertiser's name
lack-both = both the advertiser's name and the token erid
why-goto = the step above always goes elsewhere
why-end = the step above always ends the conversation
why-branch = all arms of the branch above lead elsewhere
why-part = nothing leads to this part
why-circle = only steps that are never reached themselves lead to this part
advice-goto = give the jump a when, or move the steps into parts
advice-end = give the end a when, or move the steps into parts
advice-branch = remove the arm without when, or move the steps into parts
advice-part = name it in a goto, an otherwise or a button, or remove it
advice-circle = name it in a goto, an otherwise or a button that a conversation comes to, or remove it
lang-ru = Russian
lang-en = English
truth-true = true
truth-false = false
column-id = id
column-name = name
column-price = price

# Why YAML cannot be read
reason-glued = no space after { $rest }
reason-size = over { $rest }
reason-deep = nested deeper than { $rest }
reason-many = too much: more than { $rest }
reason-quote = a quote is not closed
reason-quote-rest = something follows a closed quote
reason-quote-escape = a \ in double quotes stands before a sign it does not fit; use single quotes
reason-bracket = bracket { $rest } is not closed
reason-bracket-other = brackets differ: { $rest }
reason-bracket-stray = a stray bracket
reason-indent = the indent is not that of its neighbours
reason-value = a colon where none can stand: the line is not in line with its neighbours, or a text is not quoted
reason-key = no colon after a key
reason-flow = expected a comma or a closing bracket
reason-dash = "-" where no list can stand

# Around
check-warning = warning: { $text }
check-related = see here
check-totals = Errors: { $errors }, warnings: { $warnings }.
check-next = Mend them and check again: voronka check { $dir }
check-next-fix = { $count ->
    [one] { $count } error
   *[other] { $count } errors
 } can be mended for you: voronka check { $dir } --fix
check-next-keys = Only keys are missing: write them into .env beside config.yaml. To check without them: voronka check { $dir } --without-keys
check-clean = No errors: partners checked { $count }, warnings { $warnings }.
check-clean-keys = No errors: partners checked { $count }, warnings { $warnings }. Keys were not asked for.
check-next-chat = Next: voronka chat { $dir }
check-next-run = Next: voronka run --partners { $dir }
check-fixed = mended { $place }
check-fixed-none = Nothing to mend: quotes and spaces do not help here.
check-unreadable-hint = the other folders were checked
folder-link = { $path } leads out of the partner's folder or to a folder
folder-name = the name of file { $path } is not UTF-8
folder-too-many = { $path }: too many files or nested folders
folder-id = the folder's name { $path } does not suit a partner: Latin letters, digits and hyphens
folder-partner-id = {$path}: PARTNER_ID must be 1 to 50 characters of a-z, 0-9, _ and -
folder-variable = {$path}: {$name} must be a web address, like https://example.ru
folder-env-line = { $path }/.env, line { $line }: expected NAME=value
folder-env-long = { $path }/.env is longer than 64 KiB
folder-env-text = { $path }/.env is not UTF-8
folder-write = file { $path } was not written: { $cause }

channel-telegram = Telegram
channel-web = web chat
channel-whatsapp = WhatsApp
channel-vk = VK
channel-avito = Avito
channel-instagram = Instagram
channel-max = MAX
channel-alice = Alice
channel-of-telegram = Telegram
channel-of-web = web chat
channel-of-whatsapp = WhatsApp
channel-of-vk = VK
channel-of-avito = Avito
channel-of-instagram = Instagram
channel-of-max = MAX
channel-of-alice = Alice
said-silence = silence
said-an-answer = an answer
said-no-buttons = a message without buttons
said-nothing = nothing
said-no-page = an answer without a page
said-an-order = an order
said-quiet-hours = quiet in the quiet hours
said-one-answer = one answer, not repeated
said-no-braces = a text without {"{"} {"}"}
