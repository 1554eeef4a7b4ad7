cli-eval = Ask a partner's file of questions and see what is right and what changed since the last run
cli-eval-partner = Partner: the name of a folder in partners/, or a path
cli-eval-questions = A file of questions instead of the partner's tests/questions.txt
cli-eval-data = Folder in which the last run is kept
cli-eval-totals = Totals alone: single questions are not shown
cli-eval-json = As one line of JSON, for programs
eval-wrong = wrong: {$question}
    {"    "}expected {$expected}, found {$found}
eval-missing = {"    "}the answer does not say: {$fact}
eval-worse = was right: {$question}: {$now}
eval-better = right now: {$question}: {$now}
eval-other = found otherwise: {$question}: {$now}
eval-pages = pages: {$right} of {$asked} right ({$percent} %{ $least ->
    [all] {""}
   *[other] , { $least } % needed
 })
eval-catalogue = catalogue: {$right} of {$asked} right ({$percent} %{ $least ->
    [all] {""}
   *[other] , { $least } % needed
 })
eval-refusals = unanswerable: {$right} of {$asked} recognised ({$percent} %{ $least ->
    [all] {""}
   *[other] , { $least } % needed
 })
eval-changed = changed since the last run: {$count}
eval-passed = All expectations are met.
eval-passed-enough = Expectations are met: {$wrong} wrong, which the file of questions allows.
eval-failed = Expectations are not met: {$wrong} wrong.
eval-no-questions = the file of questions {$path} cannot be read: {$cause}
eval-no-questions-hint = write it, or name another: --questions FILE
eval-bad-line = {$path}: line {$line} cannot be read
eval-bad-line-hint = a line is: page.md, catalogue:ID or -, a tab, the question, and optionally a tab and facts
