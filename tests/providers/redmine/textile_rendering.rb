# frozen_string_literal: true

# Renders Textile with the formatter of an installed Redmine, without starting its application.
# Reads one JSON list of texts from standard input, writes one JSON list of HTML texts.
# Argument: Redmine's folder.

require 'json'
require 'cgi'
require 'erb'
require 'uri'
require 'active_support'
require 'active_support/core_ext/object/blank'
require 'active_support/core_ext/string'
require 'action_view'

home = ARGV.fetch(0)
formatting = File.join(home, 'lib/redmine/wiki_formatting')

module Redmine
  # Colours of code are no part of what is compared.
  module SyntaxHighlighting
    def self.language_supported?(_language)
      false
    end
  end
end

require File.join(home, 'lib/redmine/helpers/url')
require File.join(formatting, 'links_helper')
require File.join(formatting, 'textile/redcloth3')
require File.join(formatting, 'textile/formatter')

texts = JSON.parse($stdin.read)
puts JSON.generate(texts.map { |text| Redmine::WikiFormatting::Textile::Formatter.new(text).to_html })
