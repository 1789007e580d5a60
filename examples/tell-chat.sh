#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Posts one sentence for each event to a chat: what happened, to which
# pipeline, why.  Needs curl and jq.
#
#	watch on
#	setenv-file CHAT_URL /etc/pelihook/chat.url
#	on @watch run /usr/local/bin/tell-chat slack
#
# With `on @watch @problem' the chat would hear of each failure twice, by the
# event and by the alarm that the pipeline is failing.  Who wants a message for
# each failed run, and not only for the first, writes that and `watch on failing
# off'.
#
# The word is the shape of the message: `slack' for an incoming webhook of
# Slack's, Mattermost's or Rocket.Chat's, `teams' for a workflow of Microsoft
# Teams ("Post to a channel when a webhook request is received").  Whoever
# knows the webhook's URL can post, so it is kept like a secret; for the user
# www-data:
#
#	install -m 640 -g www-data /dev/null /etc/pelihook/chat.url
#	cat >/etc/pelihook/chat.url    # paste the URL, Return, Ctrl-D
#
# What the chat may take later is exit 75, what it refuses 65: the event is
# dead then, and `pelihookctl show' says what was answered.

set -u

: "${CHAT_URL:?is not set}" "${PELIHOOK_TEXT:?is not set}"

# Names are shown as they are, whatever else a chat makes of * and _.
case ${1:-} in
slack)
	shape='def literal:
	    gsub("&"; "&amp;") | gsub("<"; "&lt;") | gsub(">"; "&gt;");
	{
	    text: [(text | literal), (link | "<\(literal)>")] | join("\n"),
	    mrkdwn: false
	}'
	;;
teams)
	# shellcheck disable=SC2016
	shape='{
	    type: "message",
	    attachments: [{
		contentType: "application/vnd.microsoft.card.adaptive",
		content: {
		    "$schema":
			"http://adaptivecards.io/schemas/adaptive-card.json",
		    type: "AdaptiveCard",
		    version: "1.2",
		    body: [{
			type: "RichTextBlock",
			inlines: [{ type: "TextRun", text: text }]
		    }],
		    actions: [{
			type: "Action.OpenUrl",
			title: "Show the event",
			url: link
		    }]
		}
	    }]
	}'
	;;
*)
	echo 'usage: tell-chat slack|teams' >&2
	exit 64
	;;
esac

message=$(jq -n -c "def text: env.PELIHOOK_TEXT;
    def link: env.PELIHOOK_URL | values; $shape") || exit 75

# The URL is no argument, for everybody sees those.
answer=$(printf '%s\n' "$message" | curl --silent --show-error \
    --connect-timeout 5 --max-time 20 -H 'Content-Type: application/json' \
    --data-binary @- --write-out '\n%{http_code}' --config /dev/fd/3 3<<END
url = "$CHAT_URL"
END
)
code=${answer##*
}

case $code in
2??) exit 0 ;;
000) exit 75 ;; # curl has said why
esac
printf 'the chat answers %s: %s\n' "$code" "${answer%?"$code"}" >&2
case $code in
408 | 429 | 5??) exit 75 ;;
*) exit 65 ;;
esac
