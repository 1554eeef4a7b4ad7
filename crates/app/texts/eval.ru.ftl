cli-eval = Задать вопросы из файла партнёра и увидеть, что верно и что изменилось с прошлого раза
cli-eval-partner = Партнёр: имя папки в partners/ или путь к ней
cli-eval-questions = Файл с вопросами вместо tests/questions.txt партнёра
cli-eval-data = Папка, где хранится прошлый прогон
cli-eval-totals = Только итоги: сами вопросы не показывать
cli-eval-json = Одной строкой JSON, для программ
eval-wrong = неверно: {$question}
    {"    "}ожидали {$expected}, нашлось {$found}
eval-missing = {"    "}в ответе нет: {$fact}
eval-worse = было верно: {$question}: {$now}
eval-better = теперь верно: {$question}: {$now}
eval-other = нашлось иначе: {$question}: {$now}
eval-pages = страницы: верно {$right} из {$asked} ({$percent} %{ $least ->
    [all] {""}
   *[other] , нужно { $least } %
 })
eval-catalogue = каталог: верно {$right} из {$asked} ({$percent} %{ $least ->
    [all] {""}
   *[other] , нужно { $least } %
 })
eval-refusals = без ответа: распознано {$right} из {$asked} ({$percent} %{ $least ->
    [all] {""}
   *[other] , нужно { $least } %
 })
eval-changed = изменилось с прошлого раза: {$count}
eval-passed = Все ожидания сбылись.
eval-passed-enough = Ожидания сбылись: неверно {$wrong}, файл вопросов это допускает.
eval-failed = Ожидания не сбылись: неверно {$wrong}.
eval-no-questions = файл вопросов {$path} не читается: {$cause}
eval-no-questions-hint = создайте его или укажите другой: --questions ФАЙЛ
eval-bad-line = {$path}: строку {$line} не прочитать
eval-bad-line-hint = строка такова: страница.md, catalogue:ID или -, табуляция, вопрос и, если нужно, табуляция и факты
