# Signing in to the owner's pages.
door-product = Voronka
door-on = To the dialogues
login-title = Sign in
login-name = Name
login-password = Password
login-code = Code from the app
login-code-hint = Six digits; without your phone at hand, a recovery code will do
login-do = Sign in
login-lost = Forgot the password or lost the phone? Ask whoever runs the server for a new link.
login-refused = The name, the password or the code did not fit. A code works once: wait for the next one.
login-too-many = Too many tries. Try again in { $n ->
    [one] { $n } minute
   *[other] { $n } minutes
}.
again-title = Show that it is you
again-why = This needs a fresh code from the app. Then do it again.
again-do = Confirm
again-refused = The code did not fit. It works once: wait for the next one.
account-title = My sign-in
account-leave = Sign out
account-leave-all = Sign out on all devices
account-codes = { $n ->
    [0] No recovery codes are left
    [one] { $n } recovery code is left
   *[other] { $n } recovery codes are left
}
account-codes-new = Make new codes
codes-title = Recovery codes
codes-why = They let you in without the phone, each once. We show them now and never again: write them down and keep them apart from the phone.
codes-kept = I wrote them down
join-title = First sign-in
join-password = New password
join-password-hint = 12 characters at least; several words in a row are best
join-second = Codes from an app
join-scan = Open an app for one-time codes (any will do) and point the camera at the picture.
join-picture = Code for the app for one-time codes
join-here = Open in the app on this device
join-by-hand = Or type the key by hand:
join-code-now = Six digits from the app
join-do = Save and sign in
join-short = The password is shorter than 12 characters
join-long = The password is longer than 128 characters
join-common = This password would be guessed among the first. Take several words in a row
join-code = The code did not fit. See that the phone has the right time, and enter a new one
problem-signed-out = You are not signed in
problem-signed-out-do = Sign in and try again
problem-not-yours = You may not do this
problem-not-yours-do = Ask the owner whether you need this right
