cli = Voronka: a sales bot that answers from your business's own knowledge, leads to the order and loses nothing
cli-json-logs = Log lines as JSON
cli-log = What is logged, e.g. info or voronka_engine=debug
cli-demo = See it work: a pastry shop with a chat and an owner's page, no keys and no set-up
cli-demo-port = Port on this computer
cli-demo-data = Folder for the database; ./voronka-demo unless given
cli-run = Serve the partners of a folder
cli-run-partners = Folder with a folder for each partner
cli-run-data = Folder for the database and the index
cli-run-listen = Address to listen on
cli-run-public-url = Address by which we are seen from outside: for webhooks
cli-check = Check partners' files and show all mistakes at once
cli-check-dir = A partner's folder, or a folder of partners
cli-check-json = As lines of JSON, for programs
cli-check-without-keys = Do not ask for keys: the files are checked as if .env were filled in
cli-check-fix = Mend quotes, tabs and commas that break YAML, and show what was changed
cli-test = Play the customers of tests/*.yaml and show where the bot answers otherwise
cli-test-partner = Partner: a folder in partners/ or a path to one
cli-test-file = One file of tests/; all of them without it
cli-test-json = As lines of JSON, for programs
cli-chat = Talk to a partner's bot in the terminal
cli-chat-partner = Partner: the name of a folder in partners/, or a path
cli-chat-data = Folder for the database; without it the talk is kept nowhere
cli-chat-customer = The customer's name: each has a conversation of their own
cli-ask = Ask a partner's knowledge and see what the answer rests on
cli-ask-partner = Partner: the name of a folder in partners/, or a path
cli-ask-question = The question
cli-ask-knowledge = A folder of Markdown pages instead of a partner
cli-ask-questions = A file of questions, one a line
cli-ask-top = How many passages to show, best first
cli-ask-json = As lines of JSON, for programs

demo-ready = Ready.
    Customer's chat:  {$chat}
    Owner's page:     {$admin}
    Database:         {$data}
    Stop: Ctrl+C
demo-without-model = There is no model: answers come straight from the pages and the catalogue. To have them worded by a model, set OPENAI_KEY (or OPENAI_BASE_URL for a local server), or YANDEX_KEY and YANDEX_FOLDER.
run-ready = Serving { $count ->
    [one] {$count} partner
   *[other] {$count} partners
 } on {$address}
stopping = Stopping: what was begun is being finished…
indexing = Reading pages
chat-hint = Write a message and press Enter. Choose buttons by number or in words. Leave: Ctrl+D
test-passed = All tests passed: {$count}.
test-failed = Tests failed: {$failed} of {$count}.
problem-no-tests = no tests: {$path}
problem-no-tests-hint = write a talk down in tests/name.yaml; an example: partners/korica/tests/tort.yaml
hint = hint: {$text}
error = error
problem-port = port {$port} is in use
problem-port-hint = choose another: --port {$next}
problem-no-partners = there is no partner in {$dir}
problem-no-partners-hint = make a folder with a config.yaml, or begin with voronka demo
problem-partner-missing = there is no partner "{$partner}"
problem-partner-missing-hint = name the partner's folder, e.g. partners/korica
problem-partner-broken = partner "{$partner}" is not loaded: { $count } errors
problem-partner-broken-hint = voronka check {$dir} shows all of them with their lines
problem-store = the database {$path} cannot be opened: {$cause}
problem-store-hint = stop the other Voronka, or name another folder: --data
problem-store-full-hint = make room on the disk, or name another folder: --data
problem-store-damaged-hint = the file was left as it is; put a backup of it there, or name another folder: --data
problem-store-failed-hint = the account that Voronka runs under must be able to write to the folder; or name another: --data
problem-data = the data folder {$path} cannot be used: {$cause}
problem-folder = folder {$path} cannot be read: {$cause}
problem-account = account {$account} was not started: {$cause}
problem-account-hint = look at accounts in config.yaml and the keys in .env
problem-no-public-url = a webhook needs an address by which we are seen from outside
problem-no-public-url-hint = add --public-url https://…, or updates: polling
problem-no-question = there is no question
problem-no-question-hint = voronka ask korica "how long does a cake keep?"
ask-nothing = Nothing in the knowledge fits.
problem-address = the address {$address} cannot be used: {$cause}
ask-page-plain = warning: page {$file} is read as plain text, without its front matter: {$cause}
ask-page-left-out = warning: page {$file} is left out: {$cause}
reload-done = {$partner}: the edited files are sound and served by
reload-broken = {$partner}: errors in the edited files — {$count}; the former ones are served by. To see them: voronka check {$dir}
reload-loses = {$partner}: the edited catalogue lacks {$lost} of {$of} products; the former files are served by. If that is meant, run voronka partner restart {$partner}
cli-check-live = Compare with the conversations under way: whether a step is gone at which somebody stands
cli-check-data = Folder of the database, for --live
problem-schemas = schemas cannot be written to {$path}: {$cause}
schemas-written = Schemas written: {$count}, to {$dir}
cli-schema = Write JSON Schemas of a partner's files, for editors that complete keys
cli-schema-dir = Where to
