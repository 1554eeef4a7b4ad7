# The owner's page.
place-chats = Dialogues
place-leads = Leads
place-orders = Orders
place-more = More
places = Sections
skip = Skip to content
other-language = Русский
csv = Download as a table (CSV)
csv-when = When
csv-name = Name
csv-phone = Phone
csv-owner = Who answers
csv-heat = Temperature
csv-score = Points
csv-last = Last words
csv-question = Question
csv-answer = Answer
csv-state = State
csv-due = Wanted for
csv-sum = Sum
csv-goods = Goods
csv-note = Note
keys = Keys
key-search = search
key-rows = down and up the list
key-open = open
key-places = Dialogues, Leads, Orders, More
key-send = send the reply
key-close = close
key-help = this help
close = Close
undo = Undo
next = What to do
next-answer = Answer: the customer waits for a person.
next-return = The customer returns order { $number }: agree with them how.
next-start = Start order { $number }.
next-payment = Order { $number } waits for its payment: remind them of it.
next-ready = Order { $number } is ready: agree when it is fetched.
next-draft = Order { $number } is not confirmed: ask what is in the way.
next-call = Call: the lead is hot, and there is a phone.
next-write = Write: the lead is hot, and there is no phone yet.
next-offer-call = Offer a product: you may call.
next-offer = Answer questions and offer a product.
next-wait = Nothing to do: the bot leads the talk.
switch-partner = Business
search = Search
search-chats = Name or words
search-leads = Name, phone, words
search-orders = Number, name, phone, product
find = Find
filters = Filters
first-page = ← To the top
next-page = Next →
today = today
yesterday = yesterday
tomorrow = tomorrow
no-name = Guest { $mark }
badge-chats = { $n ->
    [one] { $n } dialogue waits for a person
   *[other] { $n } dialogues wait for a person
}
badge-leads = { $n ->
    [one] { $n } hot lead
   *[other] { $n } hot leads
}
live-lost = The server cannot be reached. The page will update when it is back.
new-message = New message

heat-hot = Hot
heat-warm = Warm
heat-cold = Cold
filter-hot = Hot
filter-warm = Warm
filter-cold = Cold
score-of = { $n ->
    [one] { $n } point
   *[other] { $n } points
}

owner-all = All
owner-bot = The bot answers
owner-person = A person answers
owner-nobody = Waits for a person
owner-held = { $name } answers
filter-nobody = Waiting
filter-person = With people
filter-bot = With the bot
unread = { $n ->
    [one] { $n } unread message
   *[other] { $n } unread messages
}
account-telegram = Telegram
account-web = Website
account-vk = VK
account-whatsapp = WhatsApp
account-avito = Avito
account-max = MAX

chats-empty = No dialogues yet.
chats-empty-do = Write to the bot yourself or open the chat on the site: the dialogue will appear here at once.
chats-not-found = Nothing found.
chats-not-found-do = Try other words or clear the filters.
show-all = Show all
chat-choose = Choose a dialogue
chat-choose-do = Keys: j and k move, Enter opens, / searches.
chat-title = Dialogue
back-to-list = Back to the list
chat-view-lead = Card
chat-view-messages = Messages
messages = Messages
earlier = Show earlier ones
author-customer = Customer
author-bot = Bot
author-person = Team
take = Take over
give-back = Give back to the bot
handled = Mark as read
wrong = Wrong answer
wrong-marked = Marked as wrong
note = Note
note-do = Keep as a note: the team alone sees it
note-of = Note, { $name }
note-empty = The note is empty: write a word at least.
note-long = { $n ->
    [one] The note has { $n } character, and 2000 are allowed. Shorten it.
   *[other] The note has { $n } characters, and 2000 are allowed. Shorten it.
}
reply = Reply
reply-placeholder = Write to the customer…
reply-send = Send
reply-keys = Ctrl + Enter sends
reply-empty = The reply is empty: write at least a word.
reply-long = { $n ->
    [one] The reply has { $n } character, and 4000 are allowed. Shorten it or send two.
   *[other] The reply has { $n } characters, and 4000 are allowed. Shorten it or send two.
}
reply-failed = The reply was not sent: the queue does not take it now. Your words are kept, press “Send” again.
note-failed = The note was not saved: the queue does not take it now. Your words are kept, press “Note” again.
hint-bot = The bot answers. Your reply takes the dialogue over, and the bot goes silent.
hint-nobody = The customer waits for a person. Your reply takes the dialogue over.
hint-person = You answer, the bot is silent.
hint-held = { $name } answers, the bot is silent. Your reply takes the dialogue over.

basis = Based on
basis-pages = { $n ->
    [one] { $n } page
   *[other] { $n } pages
}
basis-tools = { $n ->
    [one] { $n } tool
   *[other] { $n } tools
}
basis-page = Page “{ $name }”
basis-none = No pages, no tools
basis-failed = The model did not answer
basis-failed-line = The bot answered without a model.
tool-show-products = Tool: show products
tool-find-products = Tool: search the catalogue
tool-add-to-cart = Tool: add to cart
tool-place-order = Tool: show the order
tool-fill = Tool: answer the flow’s question
tool-start-flow = Tool: start a flow
tool-hand-off = Tool: call a person
tool-ask-contact = Tool: ask for a phone
worded-model = Worded by the model
worded-catalogue = From the catalogue, without a model
worded-passages = Worded as on the page, without a model

lead = Lead
lead-why = Why
lead-no-why = Little is known yet: the score grows with every step of the customer.
lead-contacts = Contacts
lead-no-contacts = No phone yet. The bot will ask for it, with consent.
lead-orders = Orders
lead-no-orders = No orders yet.
lead-history = What happened
lead-no-history = Nothing of note.
lead-source = Source
lead-segment = Segment
lead-stage = Stage
person = The same person
person-split = Split this dialogue off
person-split-do = Each keeps exactly what is theirs, and no contact brings them together again
person-perhaps = The same contact was left in another dialogue. Ask first: anybody could type the number, and it may have changed hands.
person-same = One person
person-not-same = Not the same
call = Call
call-to = Call { $phone }
open-chat = Open the dialogue
write = Write
leads-empty = No leads yet.
leads-empty-do = Everybody who writes to the bot becomes a lead with a score.
leads-not-found = No such leads.

orders-open = Open
orders-over = Finished
orders-drafts = Drafts
orders-all = All
views = View
view-board = Board
view-list = List
board-cut = The board shows the last 100 orders, the rest is in the list.
orders-empty = No open orders.
orders-empty-do = An order appears here once the customer has confirmed it.
orders-not-found = No such orders.
col-new = New
col-paid = Paid
col-work = In progress
col-out = Handing over
col-back = Returns
col-empty = Empty
due = for { $day }
overdue = the day has passed
order = Order
order-n = Order { $number }
other-moves = More actions
state-draft = Draft
state-placed = New
state-awaiting-payment = Awaiting payment
state-paid = Paid
state-in-progress = In progress
state-shipped = Being delivered
state-ready = Ready for pickup
state-completed = Handed over
state-cancelled = Cancelled
state-refunded = Refunded
state-return-requested = Return requested
state-returned = Returned
move-ask-payment = Wait for payment
move-mark-paid = Mark as paid
move-start = Start work
move-ship = Hand to delivery
move-make-ready = Ready for pickup
move-complete = Handed over
move-cancel = Cancel
move-refund = Refund
move-request-return = Customer returns it
move-take-back = Goods are back
ask-cancel = Order { $number } will be closed, and the customer will be told that it is cancelled. It cannot be reopened: the customer would have to order again.
ask-refund = Order { $number } will be closed, and the customer will be told of the refund. Return the money itself where you took it. This cannot be undone.
ask-yes-cancel = Cancel the order
ask-yes-refund = The money is returned

paused = The bot is paused
paused-wait = { $n ->
    [one] { $n } dialogue waits for an answer.
   *[other] { $n } dialogues wait for an answer.
}
paused-do = The bot answers nobody; messages are kept. When the pause is over, it answers what no person has looked after.
paused-end = Go on
paused-owner = An owner can end the pause.
figures = Today
fig-waiting = Waiting for a person
fig-hot = Hot leads
fig-orders = Orders
fig-revenue = Sum of orders
fig-customers = Wrote to us
fig-unanswered = Questions without an answer
fig-blocked = Model sentences stopped
week-ago-n = a week ago { $n }
week-ago-sum = a week ago { $sum }
now = now
sub-more = Today
sub-questions = Questions
sub-settings = Settings
questions-unanswered = Unanswered
questions-unanswered-do = The bot found no answer to these. Add to a page in knowledge, and it will answer by itself next time.
questions-unanswered-empty = Nobody was left without an answer.
questions-unanswered-empty-do = When the bot does not find something, the question comes here, and a person answers the customer.
questions-wrong = Wrong answers
questions-wrong-do = You marked these answers as wrong. Correct the page in knowledge or the product that they rest on.
questions-wrong-empty = No answer was wrong.
questions-wrong-empty-do = When the bot is mistaken, open the conversation and press “Wrong answer” under it: the answer comes here.
question-forgotten = The question is no longer kept
wrong-by = marked by { $name }
settings-do = Settings are changed in files: each has its place beside it.
settings-check = After an edit check the files: voronka check.
settings-files = Files
setting-name = Name
setting-languages = Languages
setting-zone = Time zone
setting-country = Country
setting-currency = Currency
setting-hours = Opening hours
setting-quiet-hours = Quiet hours
setting-links = Links
setting-persona = The bot
setting-accounts = Channels
setting-models = Models
setting-budget = Budget of models
setting-answer = Answers
setting-contact = Contacts and consent
setting-stages = Stages
setting-limits = How often we write first
setting-retention = How long we keep
setting-team = Team
setting-notify = Who is told what
setting-digest = Summary of the day
setting-handoff = When the bot comes back
setting-texts = Own phrases
setting-catalogue = Catalogue
lines-n = { $n ->
    [one] { $n } line
   *[other] { $n } lines
}
file-do = To be read only: the file is edited in the partner's folder.
file-cut = The beginning of the file is shown.
me = Before the page
me-save = That is me
me-do = Colleagues see this name in dialogues that you took, and in notes.
cohorts = Newcomers by week
quickness = How long an answer takes
quickness-bot = The bot
quickness-person = People
quickness-do = Over the last 30 days.
notices = Notices
notices-empty = No notices yet.
notices-empty-do = All that matters will be here: contacts, orders, calls for a person.
letters = Not processed
letters-empty = All is processed.
letters-do = These events were set aside so that the dialogues go on. The cause is beside each; tell it to whoever runs the server. When the cause is gone, try again: the event gets its turn as if it had just come.
letter-retry = Try again
letter-drop = Drop
letter-ask-drop = The event is deleted for good and never gets a turn: what the customer wrote in it stays without an answer.
letter-yes-drop = Drop it
account = Channel

problem-not-found = There is no such page.
problem-not-found-do = The address may be mistyped, or you have no right to what is there.
problem-wrong-host = This address is not served here.
problem-wrong-host-do = Open the page at localhost or 127.0.0.1.
problem-cross-site = Refused: another site asked for this.
problem-cross-site-do = Open the page here and try again.
problem-unreadable = The form could not be read.
problem-unreadable-do = Reload the page and try again.
problem-not-allowed = This cannot be done any more: things have changed meanwhile.
problem-not-allowed-do = Reload the page to see where it stands.
problem-busy = It did not work now, and nothing was changed.
problem-busy-do = Try again in a minute.
problem-failed = An error on the server.
problem-failed-do = It is in the log. Try again later.
problem-home = To the dialogues

fact-activity-high = Writes a lot
fact-link-clicked = Opened a link
fact-contact-phone = Left a phone
fact-contact-email = Left an e-mail
fact-contact-name = Told the name
fact-price-asked = Asked for a price
fact-cart-added = Chose product { $product }
fact-order = Order: { $state }
fact-lead-hot = The lead became hot
fact-lead-warm = The lead became warm
fact-lead-cold = The lead cooled down
fact-stage = Stage “{ $stage }”
fact-flow-started = Flow “{ $flow }” began
fact-flow-ended = Flow “{ $flow }” ended
fact-sequence-entered = Sequence “{ $sequence }” began
fact-sequence-sent = A step of “{ $sequence }” was sent
fact-sequence-ended = Sequence “{ $sequence }” ended
fact-tagged = Tag “{ $tag }”
fact-segment = Segment “{ $segment }”
fact-segment-none = In no segment any more
fact-taken = { $name } took over
fact-order-undone = What was done to an order was taken back: { $state }
fact-handoff = Handed over: { $cause }
fact-hand-back = Given back to the bot
fact-handoff-asked = Asked for a person
fact-complaint = Complained
fact-tone-positive = Sounds pleased
fact-tone-negative = Sounds displeased
fact-tone-angry = Sounds angry
fact-rating = Rating { $n } of 5
fact-opt-out = Does not want messages
fact-opt-in = Allows messages again
fact-consent-given = Consent { $to }
fact-consent-refused = Refusal { $to }
consent-pd = to the use of contacts
consent-ads = to advertising
consent-cross-border = to processing abroad
fact-ad-suppressed = An ad was not sent: no consent
fact-answer-wrong = An answer was marked as wrong
fact-answer-blocked = A sentence of the model was stopped: { $claim }
fact-unanswered = A question without an answer
fact-undelivered = A message was not delivered
fact-expired = A message was late and was not sent
fact-merged = One person with another account, says
fact-split = A person of their own again, says
fact-reachable-yes = Reachable again
fact-reachable-blocked = Blocked the bot
fact-reachable-gone = Account or chat is gone
cause-asked = asked for it
cause-step = by the flow
cause-failed = the bot could not help
cause-model = the model decided so
cause-loop = the bot repeated itself
cause-media = sent a file
claim-secret = recites the instructions
claim-price = price
claim-number = number
claim-stock = stock
claim-order = state of an order
claim-link = link
claim-date = date
