"""The customer's side of chat: one WebSocket protocol for the web widget and for apps.

    browser  ->  routes: a ticket    ->  tickets, identity, visitor
    browser  ->  connection          ->  session (pure)  ->  service  ->  `Conversations`
    browser  <-  connection          <-  rooms           <-  what happens in a conversation

`connection.ChatConnection` is the WebSocket, `session.Session` decides what each message means,
`service.ChatService` carries it out, and `rooms.Rooms` tells every tab of a customer what happens.
An idle connection has no task. docs/protocols/chat.md is the client's side of it.
"""
